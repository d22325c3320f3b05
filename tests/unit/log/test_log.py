"""What the SQLite log does beyond the promises of every log."""

import pytest
import trio

from engine.log.open import DAY_MS
from engine.log.sqlite.log import SqliteLog
from engine.log.sqlite.recent import Recent
from engine.model.clock import FrozenClock, Millis
from engine.model.errors import StorageError, StorageFull
from engine.model.event import UNREADABLE, Event
from engine.sqlite.database import Database

pytestmark = pytest.mark.trio

NOW = Millis(1_790_000_000_000)


def an_event(message_id):
    return Event("shop", message_id, "track", "Lead", NOW, NOW, {"messageId": message_id})


def events(start, count):
    return [an_event(f"m{number}") for number in range(start, start + count)]


def positions(entries):
    return [entry.position for entry in entries]


@pytest.fixture
async def database(tmp_path):
    made = await Database.open(tmp_path / "kept.db")
    yield made
    await made.close()


async def open_log(database, now=NOW, recent=None):
    return await SqliteLog.open(database, FrozenClock(now), DAY_MS, recent)


async def look_at(database):
    return await Database.open(database.path, look_only=True)


@pytest.mark.parametrize("kept", [0, 5000])
async def test_groups_are_handed_the_same_with_and_without_recent_events_kept(database, kept):
    log = await open_log(database, recent=Recent(max_events=kept))
    for group in ("meta", "ga4"):
        await log.create_group(group)
    await log.append(events(0, 300))

    handed = [await log.read(group, 250) for group in ("meta", "ga4", "meta", "ga4")]

    assert [positions(entries) for entries in handed[:2]] == [list(range(1, 251))] * 2
    assert [positions(entries) for entries in handed[2:]] == [list(range(251, 301))] * 2
    assert [entry.event for entry in handed[3]] == events(250, 50)


async def test_marks_older_than_the_window_are_swept_while_new_ones_come(database):
    log = await open_log(database)
    await log.append(events(0, 1500))
    later = await open_log(database, now=Millis(NOW + DAY_MS))

    for start in range(2000, 4000, 500):
        await later.append(events(start, 500))
    marks = await database.reader.run(
        lambda connection: connection.execute("SELECT count(*) FROM seen").fetchone()[0]
    )

    assert marks == 2000
    assert await later.append(events(2000, 1)) == [None]


async def test_sweeping_spares_marks_within_the_window(database):
    log = await open_log(database)

    for start in range(0, 3000, 500):
        await log.append(events(start, 500))

    assert await log.append(events(0, 3000)) == [None] * 3000


async def test_a_full_disk_is_told_and_the_batch_is_not_kept(database):
    log = await open_log(database)
    await log.append(events(0, 1))
    await database.writer.run(leave_no_room)

    with pytest.raises(StorageFull):
        await log.append(events(1, 2000))

    assert await log.last_position() == 1
    assert await log.seen([("shop", "m1")]) == [False]


def leave_no_room(connection):
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


async def test_a_retry_that_could_not_be_written_leaves_the_entry_with_its_holder(database):
    log = await open_log(database)
    await log.create_group("meta")
    await log.append(events(0, 1))
    await log.read("meta", 10)
    await database.writer.run(lambda connection: connection.execute("DROP TABLE put_off"))

    with pytest.raises(StorageError):
        await log.retry("meta", [1], NOW)

    reopened = await database.reader.run(
        lambda connection: connection.execute("SELECT floor FROM groups").fetchone()
    )
    assert reopened == (0,)


async def test_who_only_looks_sees_what_another_process_appends(database):
    log = await open_log(database)
    await log.create_group("meta")
    looked_at = await look_at(database)
    looking = await open_log(looked_at)

    await log.append(events(0, 3))
    await log.read("meta", 2)
    await log.acknowledge("meta", [1, 2])

    assert positions(await looking.read_range(0, 10)) == [1, 2, 3]
    assert await looking.last_position() == 3
    assert await looking.backlog("meta") == 1
    assert await looking.seen([("shop", "m0"), ("shop", "m9")]) == [True, False]
    await looked_at.close()


async def test_who_only_looks_can_not_append(database):
    await open_log(database)
    looked_at = await look_at(database)
    looking = await open_log(looked_at)

    with pytest.raises(StorageError, match="look only"):
        await looking.append(events(0, 1))
    with pytest.raises(StorageError, match="'meta'"):
        await looking.backlog("meta")
    await looked_at.close()


async def test_a_file_without_a_log_is_not_looked_at(database):
    looked_at = await look_at(database)

    with pytest.raises(StorageError, match="no log yet"):
        await open_log(looked_at)
    await looked_at.close()


async def test_an_append_cancelled_while_it_is_written_still_reaches_the_groups(database):
    log = await open_log(database)
    await log.create_group("meta")
    scope = trio.CancelScope()

    def cancel(statement):
        if statement.startswith("INSERT INTO events"):
            trio.from_thread.run_sync(scope.cancel)

    await database.writer.run(lambda connection: connection.set_trace_callback(cancel))
    with scope:
        assert await log.append(events(0, 1)) == [1]

    assert scope.cancel_called
    assert positions(await log.read("meta", 10)) == [1]


async def test_wake_and_trim_work_through_more_than_one_step(database):
    log = await open_log(database)
    await log.create_group("meta")
    await log.append(events(0, 2500))
    await log.read("meta", 2500)
    await log.retry("meta", range(1, 2501), Millis(NOW + 1_000_000))

    await log.wake("meta")
    woken = positions(await log.read("meta", 2500))
    await log.acknowledge("meta", woken)

    assert woken == list(range(1, 2501))
    later = Millis(NOW + 1)
    steps = [await log.trim(received_before=later)]
    while steps[-1].reached is not None:
        steps.append(await log.trim(received_before=later, after=steps[-1].reached))
    assert [one.gone for one in steps] == [1000, 1000, 500, 0]


async def test_a_number_beyond_64_bits_leaves_its_neighbours_as_they_are(database):
    log = await open_log(database)
    bodies = [{"n": 1.5}, {"n": 10**30}, {"n": 2**53 + 1}]
    await log.append(
        [Event("shop", f"m{i}", "track", "", NOW, NOW, body) for i, body in enumerate(bodies)]
    )

    assert [entry.event.body for entry in await log.read_range(0, 10)] == bodies


async def test_a_body_that_is_no_json_any_more_comes_alone_as_unreadable(database):
    log = await open_log(database, recent=Recent(max_events=0))
    await log.create_group("meta")
    await log.append(events(0, 5))
    spoilt = "UPDATE events SET body = x'7b22ff' WHERE position = 3"
    await database.writer.run(lambda connection: connection.execute(spoilt))

    entries = await log.read("meta", 10)

    assert positions(entries) == [1, 2, 3, 4, 5]
    assert [one.event for one in entries if one.position != 3] == [
        one for one in events(0, 5) if one.message_id != "m2"
    ]
    [lost] = [one.event for one in entries if one.position == 3]
    assert (lost.type, lost.message_id, lost.name) == (UNREADABLE, "m2", "")


async def test_what_is_due_before_its_putting_off_is_known_goes_out_once(database, monkeypatch):
    log = await open_log(database)
    await log.create_group("meta")
    await log.append(events(1, 2))
    await log.read("meta", 2)
    await log.retry("meta", [1], NOW)
    settle, is_written, goes_on = log._settle, trio.Event(), trio.Event()

    async def slow_to_come_back(*arguments):
        await settle(*arguments)
        is_written.set()
        await goes_on.wait()

    out = []
    async with trio.open_nursery() as nursery:
        monkeypatch.setattr(log, "_settle", slow_to_come_back)
        nursery.start_soon(log.retry, "meta", [2], NOW)
        await is_written.wait()
        out += await log.read("meta", 2)
        goes_on.set()
    with trio.move_on_after(0.3):
        while True:
            out += await log.read("meta", 2)

    assert positions(out) == [1, 2]
