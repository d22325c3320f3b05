"""Documents of the analytics store go when they are older than ``store.keep``."""

import io
from dataclasses import replace

import pytest

from engine.ingest.disk import Disk
from engine.log.open import LogSettings, open_log
from engine.model.clock import Millis
from engine.project.spec import KeepSpec
from engine.server.analytics import open_analytics
from engine.server.tidy import Tidy
from engine.sqlite.database import Databases
from engine.state.interface import DeliveryFilter
from engine.state.open import open_state
from engine.store.interface import Model
from engine.store.open import open_store
from engine.telemetry.disk import DiskNotices
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.conformance.store_documents import DAY_MS, NOON, a_view
from tests.support.releases import a_release
from tests.unit.server.test_analytics import KEPT
from tests.unit.server.test_tidy import a_delivery

pytestmark = pytest.mark.trio


async def left_after_a_round(folder, keep, written):
    """How many page views are left, and what the log says."""
    said = io.StringIO()
    line = f"store: {{ keep: {keep} }}\n" if keep else ""
    destination = {"destinations/kept.yaml": KEPT["destinations/kept.yaml"] + line}
    release = a_release(folder, {**KEPT, **destination})
    async with Databases(folder) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(lambda: NOON, DAY_MS))
        state = await open_state("sqlite:kept.db", files)
        store = await open_analytics(release, files)
        await store.write(written)
        room = DiskNotices(Notices(make_logger(as_json=True, stream=said)))
        disk = Disk(release.spec.keep, files.usage, room)
        tidy = Tidy(release, log, state, files, disk, room, lambda: NOON, store)
        await tidy.round()
        return (await store.count())[Model.PAGE_VIEW], said.getvalue()


VIEWS = [a_view(f"v{days}", Millis(NOON - days * DAY_MS)) for days in range(6)]


async def test_a_document_goes_when_it_is_older_than_the_store_keeps_them(tmp_path):
    left, said = await left_after_a_round(tmp_path, "3d", VIEWS)
    assert left == 4
    assert "older than store.keep" in said


async def test_without_a_limit_no_document_goes(tmp_path):
    assert (await left_after_a_round(tmp_path, None, VIEWS))[0] == 6


async def test_more_than_a_step_s_worth_goes_in_one_round(tmp_path):
    many = [a_view(f"m{number}", Millis(NOON - 9 * DAY_MS)) for number in range(1100)]
    assert (await left_after_a_round(tmp_path, "3d", [*many, a_view("young")]))[0] == 1


async def room_made(folder, views, records, part=0.95):
    """What is left of page views and records where room is short; and what the log says."""
    said = io.StringIO()
    release = a_release(folder, KEPT)
    async with Databases(folder) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(lambda: NOON, DAY_MS))
        state = await open_state("sqlite:kept.db", files)
        store = await open_analytics(release, files)
        await store.write(views)
        await state.record(records)
        most = KeepSpec(most_bytes=round((await files.usage()).used_bytes / part), free_bytes=1)
        release = replace(release, spec=replace(release.spec, keep=most))
        room = DiskNotices(Notices(make_logger(as_json=True, stream=said)))
        disk = Disk(release.spec.keep, files.usage, room)
        await Tidy(release, log, state, files, disk, room, lambda: NOON, store).round()
        left = (await store.count())[Model.PAGE_VIEW]
        return left, await state.count_deliveries(DeliveryFilter()), said.getvalue()


def old_views(count):
    return [
        a_view(f"v{number}", Millis(NOON - number * DAY_MS), "/a", pad="x" * 900)
        for number in range(count)
    ]


def old_records(count):
    at = Millis(NOON - 9 * DAY_MS)
    return [replace(a_delivery(number, at=at), event_at=at) for number in range(count)]


async def test_the_store_counts_as_room_that_is_taken(tmp_path):
    async with Databases(tmp_path) as files:
        store = await open_store("sqlite:analytics.db", files)
        before = (await files.usage()).used_bytes
        await store.write(old_views(500))

        assert (await files.usage()).used_bytes > before + 500 * 900
        its = await files.usage_of("analytics.db")
        assert its.used_bytes == (await files.usage()).used_bytes
        assert await files.usage_of("other.db") is None


async def test_a_store_that_holds_most_gives_up_its_oldest_documents_and_no_record_goes(tmp_path):
    left, records, said = await room_made(tmp_path, old_views(1500), old_records(500))

    assert 1 < left < 1500
    assert records == 500
    assert '"what": "documents"' in said
    assert "room is short" in said


async def test_a_store_that_holds_little_keeps_its_documents(tmp_path):
    left, records, said = await room_made(tmp_path, old_views(20), old_records(8000))

    assert left == 20
    assert records < 8000
    assert '"what": "documents"' not in said


async def test_the_last_day_s_documents_stay_however_short_room_is(tmp_path):
    young = [
        a_view(f"y{number}", Millis(NOON - number), "/a", pad="x" * 900) for number in range(300)
    ]

    left, _, _ = await room_made(tmp_path, [*old_views(5)[2:], *young], [], part=50)

    assert left == 300
