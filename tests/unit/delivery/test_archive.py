"""Payloads on their way into an archive."""

import gzip
import io
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from textwrap import dedent

import pytest
import trio

from engine.delivery.archive import Archiving
from engine.delivery.archive_files import ArchiveFiles
from engine.delivery.supervise import Delivery as Supervisor
from engine.log.open import LogSettings, open_log
from engine.model.clock import system_clock
from engine.model.decision import Payload
from engine.model.delivery import Dead, Delivered, Delivery, DeliveryKey, Retry, State
from engine.pipeline.admit import admit
from engine.pipeline.batch import Item
from engine.sqlite.database import Databases
from engine.state.interface import DeliveryFilter
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import an_event, an_inbound
from tests.support.releases import FILES, a_release, findings_of, write_project

pytestmark = pytest.mark.trio

KEPT = """
    name: kept
    kind: archive
    dedupe: messageId
    retry: { first: 10ms, longest: 20ms }
    batch: { max_events: 10, linger: 20ms }
    archive: { folder: lines }
    """
RULES = """
    destination: kept
    rules:
      - name: event
        match: {}
        payload:
          messageId: "{{ event.messageId }}"
          receivedAt: "{{ event.receivedAt }}"
          event: "{{ event }}"
    """
PROJECT = {"destinations/kept.yaml": KEPT, "rules/kept.yaml": RULES}


def lines_in(folder):
    found = []
    for path in sorted(folder.rglob("events-*.jsonl.gz")):
        with gzip.open(path, "rt") as opened:
            found += [json.loads(line) for line in opened]
    return found


def an_item(number, **body):
    delivery = Delivery(
        DeliveryKey(number, "kept", "event"), f"m{number}", "E", State.WAITING, "", 0, 0, 0, "r", 0
    )
    return Item(delivery, Payload({"messageId": f"m{number}", **body}, 10))


def archiving_in(folder):
    notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
    return Archiving("kept", ArchiveFiles(folder, None, 10**9), notices, system_clock)


@asynccontextmanager
async def a_world(folder, files):
    """A server's deliveries over the small project with an archive; gives a way to append."""
    release = a_release(folder, PROJECT)
    kept = replace(release, destinations=(release.destination("kept"),))
    log = await open_log("sqlite:kept.db", files, LogSettings(system_clock, 1000))
    state = await open_state("sqlite:kept.db", files)
    notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
    supervisor = Supervisor(kept, log, state, None, notices, system_clock, data=folder / "data")
    await supervisor.create_groups()

    async def delivered(*ids):
        bodies = [an_event(messageId=one) for one in ids]
        now = system_clock()
        inbounds = [replace(an_inbound(one), received_at=now) for one in bodies]
        await log.append([admit(kept, one).event for one in inbounds])
        which = DeliveryFilter(state=State.DELIVERED)
        with trio.fail_after(10):
            while True:
                found = await state.deliveries(which, limit=1000)
                if set(ids) <= {one.message_id for one in found}:
                    break
                await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        yield delivered
        supervisor.stop()


async def test_events_are_lines_of_finished_files_once_the_server_has_stopped(tmp_path):
    async with Databases(tmp_path) as files, a_world(tmp_path, files) as delivered:
        await delivered("m1", "m2")
        await delivered("m3")

    found = lines_in(tmp_path / "data/lines")
    assert [one["messageId"] for one in found] == ["m1", "m2", "m3"]
    assert found[0]["event"]["properties"] == an_event()["properties"]
    assert list((tmp_path / "data").rglob("*.part")) == []


async def test_what_an_earlier_life_left_open_is_finished_without_new_events(tmp_path):
    earlier = archiving_in(tmp_path / "data/lines")
    await earlier.hand_over([an_item(1, receivedAt="2026-11-25T08:10:00Z")])
    assert lines_in(tmp_path / "data/lines") == []

    async with Databases(tmp_path) as files, a_world(tmp_path, files):
        with trio.fail_after(10):
            while True:
                if lines_in(tmp_path / "data/lines"):
                    break
                await trio.sleep(0.01)


async def test_a_line_goes_by_the_hour_in_which_it_was_received(tmp_path):
    archiving = archiving_in(tmp_path)
    moments = ("2026-11-25T08:59:59.999Z", "2026-11-25T09:00:00.000Z")

    outcomes = await archiving.hand_over(
        [an_item(n, receivedAt=at) for n, at in enumerate(moments)]
    )
    await archiving.close()

    assert outcomes == [Delivered(), Delivered()]
    assert sorted(path.name for path in tmp_path.rglob("*.gz")) == [
        "events-2026-11-25T08.jsonl.gz",
        "events-2026-11-25T09.jsonl.gz",
    ]


async def test_a_line_without_an_hour_is_dead_and_holds_up_nobody(tmp_path):
    archiving = archiving_in(tmp_path)

    outcomes = await archiving.hand_over(
        [an_item(1), an_item(2, receivedAt="2026-11-25T08:10:00Z")]
    )

    assert isinstance(outcomes[0], Dead)
    assert outcomes[1] == Delivered()


async def test_a_folder_that_can_t_be_written_is_tried_again_and_loses_nothing(tmp_path):
    (tmp_path / "events").write_text("a file where a folder is to be")
    archiving = archiving_in(tmp_path)
    item = an_item(1, receivedAt="2026-11-25T08:10:00Z")

    [refused] = await archiving.hand_over([item])
    (tmp_path / "events").unlink()
    [taken] = await archiving.hand_over([item])
    await archiving.close()

    assert isinstance(refused, Retry)
    assert f"can't be written: {tmp_path / 'events'}: " in refused.reason
    assert taken == Delivered()
    assert [one["messageId"] for one in lines_in(tmp_path)] == ["m1"]


async def test_a_server_that_stops_leaves_no_more_than_may_stay(tmp_path):
    archiving = archiving_in(tmp_path)
    archiving.files.most_bytes = 150
    items = [an_item(n, receivedAt=f"2026-11-25T0{n}:10:00Z") for n in range(5)]
    await archiving.hand_over(items)

    await archiving.close()

    left = lines_in(tmp_path)
    assert 0 < sum(path.stat().st_size for path in tmp_path.rglob("*.gz")) <= 150
    assert [one["messageId"] for one in left] == ["m3", "m4"]


async def test_numbers_beyond_64_bits_are_plain_lines_too(tmp_path):
    archiving = archiving_in(tmp_path)

    await archiving.hand_over([an_item(1, receivedAt="2026-11-25T08:10:00Z", big=2**70)])
    await archiving.close()

    [path] = tmp_path.rglob("*.gz")
    assert gzip.decompress(path.read_bytes()).startswith(b'{"messageId"')
    assert lines_in(tmp_path)[0]["big"] == 2**70


async def test_two_archives_in_one_folder_are_an_error(tmp_path):
    second = KEPT.replace("name: kept", "name: second")
    rules = RULES.replace("destination: kept", "destination: second")
    files = {**PROJECT, "destinations/second.yaml": second, "rules/second.yaml": rules}

    _, findings = findings_of(write_project(tmp_path, {**FILES, **dedented(files)}))

    assert [one.code for one in findings if one.code == "E332"] == ["E332"]


async def test_what_only_vendors_need_is_an_error(tmp_path):
    files = {**PROJECT, "destinations/kept.yaml": KEPT.rstrip() + "\n    order_by: user\n"}

    _, findings = findings_of(write_project(tmp_path, {**FILES, **dedented(files)}))

    assert "order_by is not for a destination of kind archive" in str(findings)


def dedented(files):
    return {name: dedent(text).lstrip() for name, text in files.items()}
