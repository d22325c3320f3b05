"""What the SQLite state does beyond the promises of every state."""

import pytest

from engine.model.clock import Millis
from engine.model.delivery import Delivery, DeliveryKey, State
from engine.model.errors import StorageError
from engine.sqlite.database import Database
from engine.state.interface import DeliveryFilter
from engine.state.sqlite import deliveries
from engine.state.sqlite.state import SqliteState

pytestmark = pytest.mark.trio


def a_delivery(position, state=State.DELIVERED):
    key = DeliveryKey(position, "meta", "purchase", 0)
    return Delivery(
        key=key,
        message_id=f"m{position}",
        event="Lead",
        state=state,
        reason="",
        attempts=1,
        at=Millis(1),
        due_at=Millis(1),
        release="r1",
        event_at=Millis(1),
    )


@pytest.fixture
async def database(tmp_path):
    made = await Database.open(tmp_path / "kept.db")
    yield made
    await made.close()


async def plan_of(database, work):
    """How SQLite means to answer what ``work`` asks."""

    def explain(connection):
        asked = []
        connection.set_trace_callback(asked.append)
        work(connection)
        connection.set_trace_callback(None)
        rows = connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
        return "\n".join(row[-1] for row in rows)

    return await database.reader.run(explain)


@pytest.mark.parametrize(
    ("which", "index"),
    [
        (DeliveryFilter(message_id="m1"), "INDEX deliveries_by_message"),
        (DeliveryFilter(state=State.DEAD), "INDEX deliveries_to_watch"),
        (DeliveryFilter(state=State.RETRYING, destination="meta"), "INDEX deliveries_to_watch"),
    ],
)
async def test_what_is_asked_for_often_is_found_by_an_index(database, which, index):
    await SqliteState.open(database)

    plan = await plan_of(
        database, lambda connection: deliveries.select_filtered(connection, which, 10, None)
    )

    assert index in plan


async def test_the_newest_deliveries_are_found_without_sorting_all(database):
    await SqliteState.open(database)

    plan = await plan_of(
        database,
        lambda connection: deliveries.select_filtered(connection, DeliveryFilter(), 10, None),
    )

    assert "TEMP B-TREE" not in plan


async def test_deliveries_of_some_positions_are_found_by_their_key(database):
    await SqliteState.open(database)

    plan = await plan_of(
        database, lambda connection: deliveries.select_at(connection, "meta", [1, 2])
    )

    assert "PRIMARY KEY (position=? AND destination=?)" in plan


async def test_counts_do_not_read_the_deliveries(database):
    state = await SqliteState.open(database)
    await state.record([a_delivery(1), a_delivery(2, State.DEAD)])

    plan = await plan_of(database, deliveries.select_counts)

    assert "delivery_counts" in plan
    assert await state.delivery_counts() == {"meta": {State.DELIVERED: 1, State.DEAD: 1}}


async def test_who_only_looks_sees_the_state_and_can_not_change_it(database):
    state = await SqliteState.open(database)
    await state.record([a_delivery(1)])
    looked_at = await Database.open(database.path, look_only=True)
    looking = await SqliteState.open(looked_at)

    listed = await looking.deliveries(DeliveryFilter(), limit=10)
    with pytest.raises(StorageError, match="look only"):
        await looking.set_setting("mode", "live")

    assert listed == [a_delivery(1)]
    await looked_at.close()


async def test_a_file_without_a_state_is_not_looked_at(database):
    looked_at = await Database.open(database.path, look_only=True)

    with pytest.raises(StorageError, match="no deliveries yet"):
        await SqliteState.open(looked_at)
    await looked_at.close()
