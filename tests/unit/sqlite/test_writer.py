import pytest

from engine.sqlite.writer import MAX_GROUP
from tests.unit.sqlite.gate import behind_a_gate, insert, on_disk

pytestmark = pytest.mark.trio


def insert_all(connection, numbers):
    connection.executemany("INSERT INTO t VALUES (?)", [(number,) for number in numbers])
    return [number * 10 for number in numbers]


def insert_small(connection, numbers):
    if any(number > 100 for number in numbers):
        raise ValueError("too large")
    return insert_all(connection, numbers)


async def statements_of(writer):
    seen = []
    await writer.run(lambda connection: connection.set_trace_callback(seen.append))
    seen.clear()
    return seen


async def test_what_was_run_is_on_disk_and_its_result_given(writer):
    result = await writer.run(insert(7))

    assert (result, on_disk(writer)) == (1, [7])


async def test_a_commit_waits_for_the_disk(writer):
    def look(connection):
        return [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert await writer.run(look) == ["wal", 2, 0]


async def test_all_that_waits_is_committed_at_once(writer):
    statements = await statements_of(writer)

    await behind_a_gate(writer, *(lambda n=n: writer.run(insert(n)) for n in range(20)))

    # One for the gate, one for all that came meanwhile.
    assert statements.count("COMMIT") == 2
    assert on_disk(writer) == list(range(20))


async def test_a_group_is_bounded(writer):
    statements = await statements_of(writer)

    await behind_a_gate(writer, *(lambda n=n: writer.run(insert(n)) for n in range(MAX_GROUP + 1)))

    assert statements.count("COMMIT") == 3
    assert len(on_disk(writer)) == MAX_GROUP + 1


async def test_equal_work_is_done_together_and_each_gets_its_own_result(writer):
    handed, results = [], {}

    def work(connection, numbers):
        handed.append(list(numbers))
        return insert_all(connection, numbers)

    async def call(number):
        results[number] = await writer.run_together(work, number)

    await behind_a_gate(writer, *(lambda n=n: call(n) for n in (1, 2, 3)))

    assert results == {1: 10, 2: 20, 3: 30}
    assert [sorted(numbers) for numbers in handed] == [[1, 2, 3]]


async def test_work_that_fails_fails_its_caller_alone(writer):
    async def fail():
        with pytest.raises(ZeroDivisionError):
            await writer.run(lambda connection: (insert(666)(connection), 1 / 0))

    await behind_a_gate(writer, lambda: writer.run(insert(1)), fail, lambda: writer.run(insert(2)))

    assert on_disk(writer) == [1, 2]


async def test_one_bad_item_fails_alone_where_work_is_done_together(writer):
    async def fail():
        with pytest.raises(ValueError, match="too large"):
            await writer.run_together(insert_small, 101)

    good = (lambda n=n: writer.run_together(insert_small, n) for n in (1, 2))

    await behind_a_gate(writer, fail, *good)

    assert on_disk(writer) == [1, 2]


async def test_work_that_refuses_to_answer_for_each_item_writes_nothing(writer):
    with pytest.raises(ValueError, match="shorter"):
        await writer.run_together(lambda connection, _: insert_all(connection, [1])[:0], 1)

    assert on_disk(writer) == []
