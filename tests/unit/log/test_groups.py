"""What the file keeps of a group."""

import pytest

from engine.log.sqlite.groups import Settlement, create_group, load_groups, settle
from engine.log.sqlite.tables import SCRIPTS
from engine.sqlite.connection import connect_to_write
from engine.sqlite.migrate import migrate


@pytest.fixture
def connection(tmp_path):
    made = connect_to_write(tmp_path / "kept.db")
    migrate(made, "log", SCRIPTS)
    yield made
    made.close()


@pytest.mark.parametrize("floors", [[3, 5], [5, 3]])
@pytest.mark.parametrize("together", [True, False])
def test_a_floor_never_sinks_in_whatever_order_it_is_written(connection, floors, together):
    group = create_group(connection, "meta")
    settlements = [Settlement(group.id, floor) for floor in floors]

    for part in [settlements] if together else [[one] for one in settlements]:
        settle(connection, part)

    assert [stored.floor for stored in load_groups(connection)] == [5]


def test_groups_are_told_apart(connection):
    meta, ga4 = create_group(connection, "meta"), create_group(connection, "ga4")

    settle(connection, [Settlement(meta.id, 3), Settlement(ga4.id, 7)])

    assert {one.name: one.floor for one in load_groups(connection)} == {"meta": 3, "ga4": 7}
