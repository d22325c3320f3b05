"""What a writer does when callers give up, files fail, and at its end."""

import sqlite3

import pytest
import trio
import trio.testing

from engine.model.errors import StorageError, StorageFull
from engine.sqlite.writer import Writer
from tests.unit.sqlite.gate import Gate, behind_a_gate, insert, on_disk

pytestmark = pytest.mark.trio


async def test_bad_sql_is_told_in_our_words_with_the_file(writer):
    with pytest.raises(StorageError, match=r"kept\.db.*no such table") as caught:
        await writer.run(lambda connection: connection.execute("INSERT INTO nowhere VALUES (1)"))

    assert not isinstance(caught.value, StorageFull)


async def test_a_caller_cancelled_while_it_waits_has_written_nothing(writer):
    scope = trio.CancelScope()

    async def give_up():
        with scope:
            await writer.run(insert(666))

    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run, gate)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(give_up)
        nursery.start_soon(writer.run, insert(1))
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        gate.open()

    assert scope.cancelled_caught
    assert on_disk(writer) == [1]


async def test_a_caller_cancelled_during_the_commit_knows_that_it_was_written(writer):
    scope, gate, results = trio.CancelScope(), Gate(), []

    async def cancelled_leader():
        with scope:
            results.append(await writer.run(lambda connection: (gate(connection), 5)[1]))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancelled_leader)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(writer.run, insert(1))
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        gate.open()

    assert results == [5]
    assert on_disk(writer) == [1]


async def test_a_leader_that_was_cancelled_before_its_turn_lets_the_others_go_on(writer):
    scope, gate = trio.CancelScope(), Gate()

    async def next_leader():
        with scope:
            await writer.run(insert(1))

    def cancel_then_go(connection):
        gate(connection)
        trio.from_thread.run_sync(scope.cancel)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run, cancel_then_go)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(next_leader)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(writer.run, insert(2))
        await trio.testing.wait_all_tasks_blocked()
        gate.open()

    assert on_disk(writer) == [2]


async def test_a_member_of_a_group_cancelled_during_the_commit_knows_that_it_was_written(writer):
    scope, results = trio.CancelScope(), []

    async def member():
        with scope:
            results.append(await writer.run(insert(2)))

    await behind_a_gate(
        writer,
        lambda: writer.run(lambda connection: trio.from_thread.run_sync(scope.cancel)),
        lambda: writer.run(insert(1)),
        member,
    )

    assert len(results) == 1
    assert on_disk(writer) == [1, 2]


async def test_a_next_leader_cancelled_at_its_turn_still_writes_for_the_others(writer):
    scope, gate, results = trio.CancelScope(), Gate(), []

    async def lead_and_cancel_the_next():
        await writer.run(gate)
        scope.cancel()

    async def next_leader():
        with scope:
            results.append(await writer.run(insert(1)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lead_and_cancel_the_next)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(next_leader)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(writer.run, insert(2))
        await trio.testing.wait_all_tasks_blocked()
        gate.open()

    assert results == [1]
    assert on_disk(writer) == [1, 2]


async def test_a_full_disk_fails_the_whole_group_and_keeps_nothing_of_it(writer):
    def leave_no_room(connection):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill(connection):
        connection.execute("CREATE TABLE large AS SELECT zeroblob(100000)")

    await writer.run(insert(1))
    await writer.run(leave_no_room)
    with pytest.raises(StorageFull, match=r"kept\.db: no room"):
        await writer.run(fill)

    assert on_disk(writer) == [1]
    assert await writer.run(lambda connection: connection.execute("SELECT 5").fetchone()) == (5,)


async def test_work_that_ends_the_transaction_fails_the_group_and_the_writer_goes_on(writer):
    failed = []
    await writer.run(lambda connection: connection.execute("CREATE TABLE u (n UNIQUE)"))
    await writer.run(lambda connection: connection.execute("INSERT INTO u VALUES (1)"))

    async def run(work):
        try:
            await writer.run(work)
        except StorageError as error:
            failed.append(error)

    await behind_a_gate(
        writer,
        lambda: run(insert(1)),
        lambda: run(lambda connection: connection.execute("INSERT OR ROLLBACK INTO u VALUES (1)")),
    )
    await writer.run(insert(2))

    assert [str(error).split(": ")[2] for error in failed] == ["UNIQUE constraint failed"] * 2
    assert failed[0] is not failed[1]
    assert on_disk(writer) == [2]


async def test_a_file_that_another_process_holds_is_told_in_words(writer):
    await writer.run(lambda connection: connection.execute("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(writer.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StorageError, match="another process holds it"):
            await writer.run(insert(1))
    finally:
        other.close()

    await writer.run(insert(2))
    assert on_disk(writer) == [2]


async def test_a_folder_that_is_not_there_is_told_in_words(tmp_path):
    with pytest.raises(StorageError, match=r"kept\.db: can't be opened"):
        await Writer.open(tmp_path / "nowhere" / "kept.db")


async def test_a_file_that_is_no_database_is_told_in_words(tmp_path):
    path = tmp_path / "kept.db"
    path.write_text("not at all a database, but long enough to be read as one" * 100)

    with pytest.raises(StorageError, match="no SQLite file"):
        await Writer.open(path)


async def test_close_finishes_what_waits_and_leaves_one_file(writer):
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run, gate)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(writer.run, insert(1))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(writer.close)
        await trio.testing.wait_all_tasks_blocked()
        gate.open()

    assert [path.name for path in writer.path.parent.iterdir()] == ["kept.db"]
    assert on_disk(writer) == [1]


async def test_a_closed_writer_refuses_and_can_be_closed_again(writer):
    await writer.close()
    await writer.close()

    with pytest.raises(StorageError, match="closed already"):
        await writer.run(insert(1))
