"""What was settled, on its way from the outbox into files of an archive."""

import gzip
import io
import json
import sqlite3
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace

import pytest
import trio

from engine.delivery import archive_deliveries
from engine.delivery.archive import Archiving
from engine.delivery.archive_deliveries import DeliveryLines, line_of
from engine.delivery.archive_files import HOUR_MS, ArchiveFiles
from engine.delivery.pauses import HandPause
from engine.delivery.supervise import Delivery as Supervisor
from engine.delivery.takers import Takers
from engine.log.open import LogSettings, open_log
from engine.model.clock import Millis, from_iso, system_clock
from engine.model.delivery import Attempt, Delivery, DeliveryKey, State
from engine.project.spec import KeepSpec
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.releases import a_release
from tests.unit.delivery.test_archive import KEPT, PROJECT

pytestmark = pytest.mark.trio

AT = from_iso("2026-11-25T08:10:00Z")


def a_delivery(position, state=State.DELIVERED, at=AT, **changed):
    key = DeliveryKey(position, "meta", "purchase")
    made = Delivery(key, f"m{position}", "Lead", state, "", 0, at, at, "r1", at)
    return replace(made, **changed)


@dataclass
class World:
    """A state that an archive asks, and that archive."""

    state: object
    archiving: Archiving
    lines: DeliveryLines
    said: io.StringIO
    paused: bool = False

    def found(self):
        read = []
        for path in sorted(self.archiving.files.folder.rglob("deliveries-*.jsonl.gz")):
            with gzip.open(path, "rt") as opened:
                read += [(path.name[11:24], json.loads(line)["messageId"]) for line in opened]
        return read

    async def waiting(self):
        return [one.number for one in await self.state.outbox.next("kept", limit=1000)]


@asynccontextmanager
async def a_world(folder):
    said = io.StringIO()
    notices = Notices(make_logger(as_json=True, stream=said))
    async with Databases(folder) as files:
        state = await open_state("sqlite:kept.db", files)
        await state.outbox.ask(["kept"])
        archive = ArchiveFiles(folder / "archive", None, 10**9)
        archiving = Archiving("kept", archive, notices, system_clock, state.outbox)
        world = World(state, archiving, None, said)
        world.lines = DeliveryLines(
            "kept", state.outbox, archiving.write, notices, lambda: world.paused
        )
        yield world


async def test_a_line_has_all_that_is_known_and_nothing_that_is_null():
    tried = [
        Attempt(1, AT, "retry", "no answer within 10 s", None, "", 2),
        Attempt(2, Millis(AT + 1500), "delivered", "", 200, '{"ok":true}', 2),
    ]
    one = a_delivery(
        7,
        key=DeliveryKey(7, "meta", "purchase", 1, 3),
        attempts=2,
        digest="ab12",
        dedupe_key="m7",
        payload=b'{"em":"secret"}',
    )

    assert json.loads(line_of(one, tried)) == {
        "messageId": "m7",
        "destination": "meta",
        "rule": "purchase",
        "part": 1,
        "replay": 3,
        "event": "Lead",
        "state": "delivered",
        "reason": "",
        "attempts": 2,
        "at": "2026-11-25T08:10:00.000Z",
        "dueAt": "2026-11-25T08:10:00.000Z",
        "eventAt": "2026-11-25T08:10:00.000Z",
        "release": "r1",
        "digest": "ab12",
        "dedupeKey": "m7",
        "tries": [
            {
                "number": 1,
                "at": "2026-11-25T08:10:00.000Z",
                "outcome": "retry",
                "reason": "no answer within 10 s",
                "answer": "",
            },
            {
                "number": 2,
                "at": "2026-11-25T08:10:01.500Z",
                "outcome": "delivered",
                "reason": "",
                "status": 200,
                "answer": '{"ok":true}',
            },
        ],
    }


async def test_what_no_rule_matched_has_no_rule_digest_or_key():
    skipped = a_delivery(1, State.SKIPPED, key=DeliveryKey(1, "meta"), reason="no rule matches")

    line = json.loads(line_of(skipped, []))

    assert not {"rule", "replay", "digest", "dedupeKey"} & line.keys()
    assert (line["reason"], line["tries"]) == ("no rule matches", [])


async def test_lines_are_in_the_file_of_the_hour_in_which_they_were_settled(tmp_path):
    async with a_world(tmp_path) as world:
        late = [a_delivery(n, at=Millis(AT + HOUR_MS)) for n in (3, 4)]
        await world.state.record([a_delivery(1), a_delivery(2)])
        await world.state.record(late)

        await world.lines.take()
        await world.archiving.close()

        assert world.found() == [
            ("2026-11-25T08", "m1"),
            ("2026-11-25T08", "m2"),
            ("2026-11-25T09", "m3"),
            ("2026-11-25T09", "m4"),
        ]
        assert await world.waiting() == []


async def test_more_than_a_page_is_taken_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_deliveries, "AT_ONCE", 10)
    async with a_world(tmp_path) as world:
        await world.state.record([a_delivery(n) for n in range(35)])

        await world.lines.take()
        await world.archiving.close()

        assert [one for _, one in world.found()] == [f"m{n}" for n in range(35)]


async def test_a_record_that_is_gone_is_passed_over(tmp_path):
    async with a_world(tmp_path) as world:
        await world.state.record([a_delivery(n) for n in (1, 2, 3)])
        await world.state.forget([a_delivery(2).key])

        await world.lines.take()
        await world.archiving.close()

        assert [one for _, one in world.found()] == ["m1", "m3"]
        assert await world.waiting() == []


async def test_a_folder_that_can_t_be_written_is_told_once_and_what_waits_is_kept(tmp_path):
    (tmp_path / "archive").write_text("a file where a folder is to be")
    async with a_world(tmp_path) as world:
        await world.state.record([a_delivery(1)])
        for _ in range(3):
            await world.lines.take()
        assert await world.waiting() == [1]
        assert world.said.getvalue().count('"where": "archive"') == 1

        (tmp_path / "archive").unlink()
        await world.lines.take()
        await world.archiving.close()

        assert [one for _, one in world.found()] == ["m1"]


async def test_a_failure_in_one_hour_repeats_no_line_of_another(tmp_path):
    async with a_world(tmp_path) as world:
        await world.state.record([a_delivery(1), a_delivery(2, at=Millis(AT + 24 * HOUR_MS))])
        blocked = tmp_path / "archive/deliveries/2026/11/26"
        blocked.parent.mkdir(parents=True)
        blocked.write_text("a file where a folder is to be")
        for _ in range(3):
            await world.lines.take()
        blocked.unlink()
        await world.lines.take()
        await world.archiving.close()

        assert [one for _, one in world.found()] == ["m1", "m2"]


async def test_storage_that_fails_is_an_alarm_and_no_end(tmp_path):
    async with a_world(tmp_path) as world:
        with closing(sqlite3.connect(tmp_path / "kept.db")) as file:
            file.execute("DROP TABLE outbox")

        await world.lines.take()

        assert '"where": "archive"' in world.said.getvalue()


async def test_a_paused_archive_takes_nothing(tmp_path):
    async with a_world(tmp_path) as world:
        await world.state.record([a_delivery(1)])
        world.paused = True
        await world.lines.take()
        assert await world.waiting() == [1]

        world.paused = False
        await world.lines.take()
        assert await world.waiting() == []


async def test_a_stop_in_the_midst_writes_no_line_twice(tmp_path):
    async with a_world(tmp_path) as world:
        await world.state.record([a_delivery(1)])
        with trio.CancelScope() as scope:
            scope.cancel()
            await world.lines.take()
        await world.lines.take()
        await world.archiving.close()

        assert [one for _, one in world.found()] == ["m1"]


@asynccontextmanager
async def a_server_s_deliveries(folder):
    """A state, and what runs the archive over it, as a server does."""
    kept = KEPT.replace("folder: lines", "folder: lines, deliveries: true")
    release = a_release(folder / "project", {**PROJECT, "destinations/kept.yaml": kept})
    release = replace(release, destinations=(release.destination("kept"),))
    (folder / "data").mkdir()
    async with Databases(folder / "data") as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(system_clock, 1000))
        state = await open_state("sqlite:kept.db", files)
        notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
        running = Supervisor(release, log, state, None, notices, system_clock, data=folder / "data")
        await running.create_groups()
        yield state, running


async def run_for_a_moment(running):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.run)
        await trio.sleep(0.2)
        running.stop()


async def test_a_server_that_stops_leaves_all_in_finished_files(tmp_path):
    async with a_server_s_deliveries(tmp_path) as (state, running):
        await state.record([a_delivery(1)])
        await run_for_a_moment(running)

        assert await state.outbox.next("kept", limit=1) == []
    [path] = (tmp_path / "data/lines").rglob("deliveries-*.jsonl.gz")
    assert json.loads(gzip.decompress(path.read_bytes()))["messageId"] == "m1"


async def test_an_archive_that_a_person_paused_writes_nothing(tmp_path):
    async with a_server_s_deliveries(tmp_path) as (state, running):
        await state.record([a_delivery(1)])
        running.pause("kept", HandPause("its disk is changed", system_clock()))
        await run_for_a_moment(running)

        assert len(await state.outbox.next("kept", limit=1)) == 1
    assert [*(tmp_path / "data").rglob("*.gz*")] == []


async def test_an_archive_leaves_twice_disk_free(tmp_path):
    release = a_release(tmp_path, PROJECT)
    keep = KeepSpec(free_bytes=1000)
    takers = Takers(None, None, system_clock, None, tmp_path, keep)

    assert takers.of(release.destination("kept")).files.spare_bytes == 2000


@pytest.mark.parametrize(
    ("mode", "option", "asks"),
    [
        ("live", "true", True),
        ("live", "false", False),
        ("shadow", "true", False),
        ("off", "true", False),
    ],
)
async def test_only_a_live_archive_with_the_option_asks(tmp_path, mode, option, asks):
    kept = KEPT.replace("folder: lines", f"folder: lines, deliveries: {option}")
    kept = kept.rstrip() + f"\n    mode: {mode}\n"
    release = a_release(tmp_path / "project", {**PROJECT, "destinations/kept.yaml": kept})
    (tmp_path / "data").mkdir()
    async with Databases(tmp_path / "data") as files:
        state = await open_state("sqlite:kept.db", files)
        notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
        takers = Takers(state, notices, system_clock, None, tmp_path, release.spec.keep)
        await takers.ask(release)
        await state.record([a_delivery(1)])

        assert bool(await state.outbox.next("kept", limit=1)) is asks
