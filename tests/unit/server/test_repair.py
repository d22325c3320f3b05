"""A damaged file is saved row by row, and what is lost is what stood on its damaged pages."""

import random
import sqlite3

import pytest
import trio

from engine.log.open import DAY_MS, LogSettings, open_log
from engine.model.clock import FrozenClock, Millis
from engine.model.delivery import Delivery, DeliveryKey
from engine.model.delivery import State as Ends
from engine.model.errors import StorageError
from engine.model.event import Event
from engine.server.kept import Kept
from engine.server.repair import repair
from engine.sqlite.database import Databases
from engine.sqlite.salvage import damage_of
from engine.state.interface import DeliveryFilter
from engine.state.open import open_state

pytestmark = pytest.mark.trio

NOW = Millis(1_790_000_000_000)
LOG = LogSettings(FrozenClock(NOW), DAY_MS)
PAGE = 4096
TABLE_LEAF, INDEX_LEAF = 0x0D, 0x0A


def a_delivery(position, state):
    return Delivery(
        key=DeliveryKey(position, "hook", "order"),
        message_id=f"m{position}",
        event="Lead",
        state=state,
        reason="",
        attempts=1,
        at=NOW,
        due_at=NOW,
        release="r",
        event_at=NOW,
        payload=b'{"id":1}' if state is Ends.RETRYING else None,
        next_at=NOW if state is Ends.RETRYING else None,
    )


async def filled(folder, count):
    """A folder with that many events: a third delivered, a third retrying, a third unread."""
    folder.mkdir()
    async with Databases(folder) as files:
        log, state = await open_log("sqlite:encamina.db", files, LOG), None
        state = await open_state("sqlite:encamina.db", files)
        await log.create_group("hook")
        await log.create_group("done")
        for start in range(1, count + 1, 500):
            numbers = range(start, min(start + 500, count + 1))
            body = {"text": "x" * 300}
            await log.append(
                [
                    Event("shop", f"m{n}", "track", "Lead", NOW, NOW, {**body, "n": n})
                    for n in numbers
                ]
            )
        third = count // 3
        for start in range(0, 2 * third, 500):
            got = [one.position for one in await log.read("hook", min(500, 2 * third - start))]
            done = [n for n in got if n <= third]
            later = [n for n in got if n > third]
            await state.record([a_delivery(n, Ends.DELIVERED) for n in done])
            await state.record([a_delivery(n, Ends.RETRYING) for n in later])
            await log.acknowledge("hook", done)
            if later:
                await log.retry("hook", later, Millis(NOW + 60_000))
        await log.pass_over(["done"])
        await state.set_setting("pause:hook", "by hand")
    return folder / "encamina.db"


def varint(page, at):
    value = 0
    for step in range(9):
        value = value << 7 | page[at + step] & 0x7F
        if page[at + step] < 0x80:
            return value, at + step + 1
    raise AssertionError


def rowids(page):
    """The row ids on a leaf of a table, by the file format (sqlite.org/fileformat2)."""
    cells = int.from_bytes(page[3:5], "big")
    found = []
    for number in range(cells):
        at = int.from_bytes(page[8 + 2 * number : 10 + 2 * number], "big")
        _, at = varint(page, at)
        found.append(varint(page, at)[0])
    return found


def leaves(path, kind):
    """The numbers of the file's pages of that kind, with their content."""
    data = path.read_bytes()
    pages = {number: data[number * PAGE :][:PAGE] for number in range(1, len(data) // PAGE)}
    return {number: page for number, page in pages.items() if page[0] == kind}


def event_leaves(path):
    found = {number: rowids(page) for number, page in leaves(path, TABLE_LEAF).items()}
    # A page of the free list, or of another table, has none of these.
    return {number: ids for number, ids in found.items() if len(ids) > 2}


def overwrite(path, numbers):
    with path.open("r+b") as file:
        for number in numbers:
            file.seek(number * PAGE)
            file.write(b"\xfb" * PAGE)


async def repaired(path):
    kept = Kept(path.parent, path.name, path.name, destinations=["hook", "done"])
    assert kept.files() == [path]
    return await repair(kept, path, NOW)


async def all_handed(log):
    """The positions that are handed out until a read waits."""
    handed = set()
    with trio.move_on_after(0.3):
        while True:
            handed |= {one.position for one in await log.read("hook", 2000)}
    return handed


def ids_of(ranges):
    return [key for after, until in ranges for key in range(after + 1, until + 1)]


@pytest.mark.slow
async def test_nothing_is_lost_but_the_rows_of_the_damaged_pages(tmp_path):
    path = await filled(tmp_path / "data", 20_000)
    pages = event_leaves(path)
    chosen = sorted(pages)[500:503] + random.Random(5).sample(sorted(pages), 5)
    lost = {one for number in chosen for one in pages[number]}
    overwrite(path, chosen)
    assert damage_of(path)

    done = await repaired(path)

    assert damage_of(path) is None
    events = next(one for one in done.tables if one.table == "events")
    assert set(ids_of(events.lost)) == lost
    assert events.rows == 20_000 - len(lost)
    assert all(one.whole for one in done.tables if one.table != "events")
    assert done.kept_as.exists()
    async with Databases(path.parent) as files:
        log = await open_log("sqlite:encamina.db", files, LOG)
        kept = {one.position for one in await log.read_range(0, 100_000)}
        marks = await log.seen([("shop", f"m{n}") for n in range(1, 20_001)])
        state = await open_state("sqlite:encamina.db", files)
        told = await state.deliveries_at("hook", sorted(lost))
        states = (await state.delivery_counts())["hook"]
    assert kept == set(range(1, 20_001)) - lost
    assert all(marks)
    # What can't be tried any more is not called retrying.
    assert {one.state for one in told} <= {Ends.DELIVERED, Ends.DEAD}
    dead = [one for one in told if one.state is Ends.DEAD]
    assert {one.reason for one in dead} == {"its event was lost with a damaged page"}
    assert states[Ends.DEAD] == len(dead)


async def test_a_repaired_folder_goes_on_where_it_stood(tmp_path):
    path = await filled(tmp_path / "data", 900)
    pages = event_leaves(path)
    chosen = sorted(pages)[len(pages) // 2]
    overwrite(path, [chosen])

    await repaired(path)

    async with Databases(path.parent) as files:
        later = LogSettings(FrozenClock(Millis(NOW + 70_000)), DAY_MS)
        log = await open_log("sqlite:encamina.db", files, later)
        state = await open_state("sqlite:encamina.db", files)
        handed = await all_handed(log)
        setting = await state.setting("pause:hook")
        counts = await state.delivery_counts()
        (position,) = await log.append([Event("shop", "new", "track", "Lead", NOW, NOW, {})])
    assert handed == set(range(301, 901)) - set(pages[chosen])
    assert setting == "by hand"
    lost = sum(300 < one <= 600 for one in pages[chosen])
    assert 0 < lost < 300
    assert counts["hook"] == {Ends.DELIVERED: 300, Ends.RETRYING: 300 - lost, Ends.DEAD: lost}
    assert position == 901


async def test_the_newest_events_being_lost_gives_no_position_twice(tmp_path):
    path = await filled(tmp_path / "data", 900)
    last = max(event_leaves(path).items(), key=lambda item: max(item[1]))
    overwrite(path, [last[0]])

    await repaired(path)

    async with Databases(path.parent) as files:
        log = await open_log("sqlite:encamina.db", files, LOG)
        (position,) = await log.append([Event("shop", "new", "track", "Lead", NOW, NOW, {})])
    assert position == 901


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_whatever_pages_are_damaged_no_undelivered_event_is_passed_over(tmp_path, seed):
    path = await filled(tmp_path / "data", 900)
    events = event_leaves(path)
    # Any pages but the first, which tells what tables there are, and those with the events.
    others = [n for n in range(1, path.stat().st_size // PAGE) if n not in events]
    with sqlite3.connect(path) as file:
        roots = {row[0] - 1 for row in file.execute("SELECT rootpage FROM sqlite_schema")}
        events_root = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'")
        (events_root,) = events_root.fetchone()
    file.close()
    some = random.Random(seed)
    chosen = some.sample(sorted(roots - {events_root - 1}), 8) + some.sample(others, 8)
    overwrite(path, [n for n in chosen if n != events_root - 1])

    await repaired(path)

    assert damage_of(path) is None
    async with Databases(path.parent) as files:
        later = LogSettings(FrozenClock(Millis(NOW + 70_000)), DAY_MS)
        log = await open_log("sqlite:encamina.db", files, later)
        await open_state("sqlite:encamina.db", files)
        await log.create_group("hook")
        handed = await all_handed(log)
        kept = {one.position for one in await log.read_range(0, 10_000)}
    assert kept == set(range(1, 901))
    # What was retrying or unread; what was delivered may come again, and is recognised.
    assert handed >= set(range(301, 901))


async def test_a_body_that_makes_no_sense_counts_as_lost(tmp_path):
    path = await filled(tmp_path / "data", 300)
    data = path.read_bytes()
    at = data.index(b'"n":150')
    path.write_bytes(data[: at - 100] + b"\x00" * 50 + data[at - 50 :])

    done = await repaired(path)

    assert next(one for one in done.tables if one.table == "events").lost == [(149, 150)]


async def test_without_its_first_page_the_rows_are_found_page_by_page(tmp_path):
    path = await filled(tmp_path / "data", 300)
    overwrite(path, [0])

    done = await repaired(path)

    saved = {one.table: one for one in done.tables}
    assert {name: saved[name].strays for name in ("events", "deliveries", "groups")} == {
        "events": 300,
        "deliveries": 200,
        "groups": 2,
    }
    # No list tells that there was no more.
    assert all(one.cut for one in done.tables if one.table in ("events", "settings"))


async def test_a_file_without_one_readable_row_is_refused_and_stays(tmp_path):
    path = await filled(tmp_path / "data", 300)
    overwrite(path, range(path.stat().st_size // PAGE))
    before = path.read_bytes()

    with pytest.raises(StorageError, match="put back a backup"):
        await repaired(path)

    assert path.read_bytes() == before
    assert {one.name for one in path.parent.iterdir()} == {path.name}


async def test_a_sound_file_loses_nothing(tmp_path):
    path = await filled(tmp_path / "data", 900)

    done = await repaired(path)

    assert all(one.whole for one in done.tables)
    async with Databases(path.parent, look_only=True) as files:
        state = await open_state("sqlite:encamina.db", files)
        recorded = await state.deliveries(DeliveryFilter(), limit=10_000)
    assert len(recorded) == 600


@pytest.mark.parametrize("asks", [True, False])
async def test_what_ends_by_the_loss_of_its_event_is_noted_for_an_archive_that_asks(tmp_path, asks):
    path = await filled(tmp_path / "data", 900)
    async with Databases(path.parent) as files:
        state = await open_state("sqlite:encamina.db", files)
        await state.outbox.ask(["kept"] if asks else [])
    pages = event_leaves(path)
    overwrite(path, [sorted(pages)[len(pages) // 2]])

    await repaired(path)

    async with Databases(path.parent) as files:
        state = await open_state("sqlite:encamina.db", files)
        dead = (await state.delivery_counts())["hook"][Ends.DEAD]
        noted = [one.delivery for one in await state.outbox.next("kept", limit=1000)]
    assert dead > 0
    assert [one.state for one in noted] == [Ends.DEAD] * (dead if asks else 0)
