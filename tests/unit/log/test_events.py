"""Sweeping the marks of seen ids, step by step."""

import pytest

from engine.log.sqlite.events import select_first, sweep_marks
from engine.log.sqlite.tables import SCRIPTS
from engine.sqlite.connection import connect_to_write
from engine.sqlite.migrate import migrate

OLD, NEW, CUTOFF = 10, 20, 10


@pytest.fixture
def connection(tmp_path):
    made = connect_to_write(tmp_path / "kept.db")
    migrate(made, "log", SCRIPTS)
    yield made
    made.close()


def mark(connection, **seen_at):
    connection.executemany(
        "INSERT INTO seen (source, message_id, seen_at) VALUES ('shop', ?, ?)", seen_at.items()
    )


def left(connection):
    return [row[0] for row in connection.execute("SELECT message_id FROM seen ORDER BY 1")]


def test_the_hand_goes_some_steps_and_removes_only_old_marks_on_its_way(connection):
    mark(connection, a=OLD, b=NEW, c=OLD, d=OLD, e=NEW)

    hand = sweep_marks(connection, ("shop", "a"), 1, CUTOFF)

    assert hand == ("shop", "c")
    assert left(connection) == ["a", "b", "d", "e"]


def test_the_hand_goes_round_and_begins_again(connection):
    mark(connection, a=OLD, b=NEW, c=OLD, d=OLD, e=NEW)
    hand = ("", "")

    hands = [hand := sweep_marks(connection, hand, 1, CUTOFF) for _ in range(4)]

    assert hands[:3] == [("shop", "b"), ("shop", "d"), ("", "")]
    assert left(connection) == ["b", "e"]


def test_a_mark_of_before_positions_were_kept_leads_nowhere_and_still_counts(tmp_path):
    made = connect_to_write(tmp_path / "kept.db")
    migrate(made, "log", SCRIPTS[:1])
    mark(made, a=NEW)

    migrate(made, "log", SCRIPTS)

    assert select_first(made, [("shop", "a")], CUTOFF) == [None]
    assert left(made) == ["a"]
    made.close()
