"""Payloads that wait for a browser session.

::

    mailbox  number INTEGER, counts up
             destination, id TEXT, once each
             box TEXT: the session's key
             position, rule, part: the delivery, which keeps the payload while it waits; a box is
             handed out in the log's order
             until INTEGER, milliseconds: when it has waited long enough
             taken INTEGER: 1 once nobody is to have it any more

What is taken stays until ``until``, so that a repeat of its id is known, unless it was pushed out
and is retried. Written by the mailbox's
consumer and by browsers that acknowledge; read by browsers that fetch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.delivery import (
    UNSETTLED,
    Attempt,
    Delivered,
    Delivery,
    DeliveryKey,
    State,
    word_of,
)
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.state.interface import Mail
from engine.state.sqlite.deliveries import select_at, write_deliveries

SCRIPTS = [
    """
    CREATE TABLE mailbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        destination TEXT NOT NULL,
        id TEXT NOT NULL,
        box TEXT NOT NULL,
        position INTEGER NOT NULL,
        rule TEXT NOT NULL,
        part INTEGER NOT NULL,
        until INTEGER NOT NULL,
        taken INTEGER NOT NULL DEFAULT 0,
        UNIQUE (destination, id)
    );
    CREATE INDEX mailbox_pending ON mailbox (destination, box, position, number) WHERE taken = 0;
    CREATE INDEX mailbox_by_age ON mailbox (destination, until);
    """,
]
"""What ``migrate`` runs, one script a version."""

_AT_ONCE = 2000
"""Rows let go in one write: some 50 ms of work."""

_HAD = frozenset({State.DELIVERED, State.SKIPPED})
"""Of a delivery that a browser has, or that ended as a repeat of one."""

_COLUMNS = "destination, id, box, position, rule, part, until"
_ROW = f"json_array(number, {_COLUMNS})"

_Row: TypeAlias = tuple[int, str, str, str, int, str, int, int]
"""(number, destination, id, box, position, rule, part, until)"""


@dataclass(frozen=True, slots=True)
class Ending:
    """How deliveries end: as ``state``, with the reason, at a moment."""

    state: State
    reason: str
    at: Millis


def insert_mail(
    connection: Connection, mail: Sequence[Mail], most: int, at: Millis
) -> list[Delivery]:
    """Keep these, push out what is over ``most`` in a box; every delivery that was recorded."""
    known = _by_id(connection, mail)
    _let_in_again(connection, mail, known)
    fresh: dict[tuple[str, str], Mail] = {}
    repeats: list[Delivery] = []
    repeat = Ending(State.SKIPPED, "a repeat of what is there", at)
    for one in mail:
        id_ = (one.delivery.key.destination, one.id)
        holder = known.get(id_) or (fresh[id_].delivery.key if id_ in fresh else None)
        if holder is None:
            fresh[id_] = one
        elif holder != one.delivery.key:
            repeats.append(_ended(one.delivery, repeat))
    recorded = [*(one.delivery for one in fresh.values()), *repeats]
    write_deliveries(connection, [recorded])
    write_rows(
        connection, f"INSERT INTO mailbox ({_COLUMNS})", [_row(one) for one in fresh.values()]
    )
    boxes = {(one.delivery.key.destination, one.box) for one in fresh.values()}
    return [*recorded, *_push_out(connection, boxes, most, at)]


def select_mail(
    connection: Connection, destination: str, box: str, now: Millis, limit: int
) -> list[Mail]:
    """What waits in a box at ``now``, the oldest first."""
    rows = _rows(
        connection,
        "destination = ? AND box = ? AND taken = 0 AND until > ? ORDER BY position, number LIMIT ?",
        (destination, box, now, limit),
    )
    deliveries = _deliveries(connection, rows)
    return [
        Mail(row[3], row[2], delivery, Millis(row[7]))
        for row in rows
        if (delivery := deliveries.get(_key(row))) is not None and delivery.payload is not None
    ]


def take_mail(
    connection: Connection, destination: str, box: str, ids: Sequence[str], ending: Ending
) -> list[Delivery]:
    """Those of these ids that wait in the box end so; what was recorded."""
    rows = _rows(
        connection,
        "destination = ? AND box = ? AND taken = 0 AND id IN (SELECT value FROM json_each(?))",
        (destination, box, dumps(list(ids)).decode()),
    )
    return _take(connection, rows, ending)


def is_due(connection: Connection, destination: str, before: Millis) -> bool:
    """Whether anything has waited until ``before`` or less."""
    due = "SELECT 1 FROM mailbox WHERE destination = ? AND until <= ? LIMIT 1"
    return connection.execute(due, (destination, before)).fetchone() is not None


def expire_mail(
    connection: Connection, destination: str, before: Millis, ending: Ending
) -> list[Delivery]:
    """What has waited until ``before`` is gone, and ends so if nobody took it; what was recorded.

    At most 2,000 at a time.
    """
    rows = _rows(
        connection,
        "destination = ? AND until <= ? ORDER BY until LIMIT ?",
        (destination, before, _AT_ONCE),
    )
    ended = _take(connection, rows, ending)
    connection.execute(
        "DELETE FROM mailbox WHERE number IN (SELECT value FROM json_each(?))", (_numbers(rows),)
    )
    return ended


def _let_in_again(
    connection: Connection, mail: Sequence[Mail], known: dict[tuple[str, str], DeliveryKey]
) -> None:
    """What was pushed out and is retried by hand is known no more: it waits anew.

    Nobody had it, and its event's delivery is to be decided anew: it has no payload, or another.
    """
    own = [
        holder
        for one in mail
        if (holder := known.get((one.delivery.key.destination, one.id))) is not None
        and holder.position == one.delivery.key.position
    ]
    for destination in dict.fromkeys(holder.destination for holder in own):
        positions = [one.position for one in own if one.destination == destination]
        nobodys = {
            one.key
            for one in select_at(connection, destination, positions)
            if one.key in own and one.payload is None and one.state not in _HAD
        }
        gone = [id_ for id_, holder in known.items() if holder in nobodys]
        asked = dumps([list(id_) for id_ in gone]).decode()
        connection.execute(
            "DELETE FROM mailbox WHERE (destination, id) IN ("
            " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
            (asked,),
        )
        for id_ in gone:
            del known[id_]


def _push_out(
    connection: Connection, boxes: Iterable[tuple[str, str]], most: int, at: Millis
) -> list[Delivery]:
    """The oldest of each box over ``most`` are dead."""
    asked = dumps([list(box) for box in boxes]).decode()
    rows = _rows(
        connection,
        "number IN (SELECT number FROM ("
        " SELECT m.number, row_number() OVER ("
        "  PARTITION BY m.destination, m.box ORDER BY m.position DESC, m.number DESC) AS newer"
        " FROM json_each(?) AS b CROSS JOIN mailbox AS m"
        "  ON m.destination = json_extract(b.value, '$[0]')"
        "  AND m.box = json_extract(b.value, '$[1]') AND m.taken = 0)"
        " WHERE newer > ?)",
        (asked, most),
    )
    reason = f"pushed out: at most {most} wait for one session"
    return _take(connection, rows, Ending(State.DEAD, reason, at))


def _take(connection: Connection, rows: Sequence[_Row], ending: Ending) -> list[Delivery]:
    """Nobody gets these any more; those of their deliveries that still wait end so."""
    if not rows:
        return []
    waiting = [one for one in _deliveries(connection, rows).values() if one.state in UNSETTLED]
    ended = [_ended(one, ending) for one in waiting]
    write_deliveries(connection, [ended])
    connection.execute(
        "UPDATE mailbox SET taken = 1 WHERE number IN (SELECT value FROM json_each(?))",
        (_numbers(rows),),
    )
    return ended


def _ended(delivery: Delivery, ending: Ending) -> Delivery:
    ended = replace(
        delivery,
        state=ending.state,
        reason=ending.reason,
        at=ending.at,
        next_at=None,
        payload=None,
    )
    if ending.state is not State.DELIVERED:
        return ended
    number = delivery.attempts + 1
    taken = Attempt(number, ending.at, word_of(Delivered()), ending.reason)
    return replace(ended, attempts=number, tried=(taken,))


def _deliveries(connection: Connection, rows: Sequence[_Row]) -> Mapping[DeliveryKey, Delivery]:
    """The deliveries of these rows, all of one destination or of several."""
    wanted = {_key(row) for row in rows}
    return {
        one.key: one
        for destination in dict.fromkeys(key.destination for key in wanted)
        for one in select_at(
            connection,
            destination,
            [key.position for key in wanted if key.destination == destination],
        )
        if one.key in wanted
    }


def _by_id(connection: Connection, mail: Sequence[Mail]) -> dict[tuple[str, str], DeliveryKey]:
    """Whose each of these ids is, where it is known."""
    asked = dumps([[one.delivery.key.destination, one.id] for one in mail]).decode()
    rows = _rows(
        connection,
        "number IN (SELECT m.number FROM json_each(?) AS k CROSS JOIN mailbox AS m"
        " ON m.destination = json_extract(k.value, '$[0]')"
        " AND m.id = json_extract(k.value, '$[1]'))",
        (asked,),
    )
    return {(row[1], row[2]): _key(row) for row in rows}


def _rows(connection: Connection, condition: str, parameters: Sequence[object]) -> list[_Row]:
    query = f"SELECT number, {_COLUMNS} FROM mailbox WHERE {condition}"  # noqa: S608 - our own text alone
    packed = cast("list[list[object]]", loads(read_packed(connection, _ROW, query, parameters)))
    return [cast("_Row", tuple(row)) for row in packed]


def _key(row: _Row) -> DeliveryKey:
    return DeliveryKey(row[4], row[1], row[5], row[6])


def _row(mail: Mail) -> tuple[object, ...]:
    key = mail.delivery.key
    return (key.destination, mail.id, mail.box, key.position, key.rule, key.part, mail.until)


def _numbers(rows: Sequence[_Row]) -> str:
    return dumps([row[0] for row in rows]).decode()
