"""Documents of the analytics store go when they are older than ``store.keep``."""

import io

import pytest

from engine.ingest.disk import Disk
from engine.log.open import LogSettings, open_log
from engine.model.clock import Millis
from engine.server.analytics import open_analytics
from engine.server.tidy import Tidy
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.store.interface import Model
from engine.telemetry.disk import DiskNotices
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.conformance.store_documents import DAY_MS, NOON, a_view
from tests.support.releases import a_release
from tests.unit.server.test_analytics import KEPT

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
