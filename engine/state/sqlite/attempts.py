"""Each attempt of each delivery, with what the vendor answered.

::

    requests    id INTEGER, counts up
                at INTEGER, milliseconds; status INTEGER, NULL where nothing came back
                answer TEXT: what is kept of it; batch INTEGER: how many payloads it carried
    deliveries  request INTEGER: of a delivery that its first attempt settled, else NULL;
                when, how and why are the delivery's own
    attempts    position, destination, rule, part, replay, number: the key
                at INTEGER, milliseconds; outcome, reason TEXT
                request INTEGER, NULL if none was made

Most deliveries are settled by their first attempt and cost one small number. Of one that is tried
for days the first attempts and the newest are kept. Written with the deliveries; read by those who
look.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.delivery import Attempt, Delivery, DeliveryKey, State
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.state.sqlite.delivery_rows import KEY, parts_of

DELIVERIES_SCRIPT = "ALTER TABLE deliveries ADD COLUMN request INTEGER;"
"""What ``deliveries`` gets, among its own scripts."""

SCRIPTS = [
    """
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        status INTEGER,
        answer TEXT NOT NULL,
        batch INTEGER NOT NULL
    );
    CREATE TABLE attempts (
        position INTEGER NOT NULL,
        destination TEXT NOT NULL,
        rule TEXT NOT NULL,
        part INTEGER NOT NULL,
        replay INTEGER NOT NULL,
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        request INTEGER,
        PRIMARY KEY (position, destination, rule, part, replay, number)
    ) WITHOUT ROWID;
    CREATE INDEX attempts_by_age ON attempts (at);
    """,
]
"""What ``migrate`` runs, one script a version."""

FIRST_KEPT = 5
NEWEST_KEPT = 20
"""Of each delivery; one that is tried for a week at every quarter of an hour has 700 and more."""

SETTLED_AT_ONCE = frozenset({State.DELIVERED, State.UNVERIFIED, State.DEAD})

_KEY = tuple(KEY.split(", "))
# Whether a row is the one whose key stands in a JSON list (see _keys).
_SAME_KEY = " AND ".join(
    f"d.{name} = json_extract(k.value, '$[{place}]')" for place, name in enumerate(_KEY)
)
_COLUMNS = ", ".join((*_KEY, "number", "at", "outcome", "reason", "request"))
_ROW = (
    f"json_array(json_array({KEY}), json_array(number, at, outcome, reason, status, answer, batch))"
)

_Exchange: TypeAlias = tuple[Millis, int | None, str, int]
"""(at, status, answer, batch): attempts that have it in common were one request."""


def write_attempts(
    connection: Connection, deliveries: Collection[Delivery]
) -> Mapping[DeliveryKey, int]:
    """Keep the attempts that these records bring; before the records themselves are written.

    Gives the request of each that its first attempt settled, for its own row.
    """
    firsts = {one.key: one for one in deliveries if _is_settled_at_once(one)}
    further = [one for one in deliveries if one.attempts and one.key not in firsts]
    requests = _write_requests(connection, deliveries)
    if further:
        move_own(connection, [one.key for one in further])
        write_rows(
            connection,
            f"INSERT OR REPLACE INTO attempts ({_COLUMNS})",
            [_row(one.key, tried, requests) for one in further for tried in one.tried],
        )
        _prune(connection, further)
    return {key: requests[_exchange(one.tried[0])] for key, one in firsts.items()}


def move_own(connection: Connection, keys: Iterable[DeliveryKey]) -> None:
    """Keep among the attempts what stands on the own rows of these deliveries.

    For rows that are about to be written over or removed.
    """
    connection.execute(
        f"INSERT OR IGNORE INTO attempts ({_COLUMNS})"  # noqa: S608 - our own text alone
        f" SELECT {', '.join(f'd.{name}' for name in _KEY)}, 1, d.at, d.state, d.reason, d.request"
        f" FROM json_each(?) AS k CROSS JOIN deliveries AS d ON {_SAME_KEY}"
        " WHERE d.request IS NOT NULL",
        (_keys(keys),),
    )


def select_attempts(
    connection: Connection, message_id: str
) -> Mapping[DeliveryKey, Sequence[Attempt]]:
    """The kept attempts of every delivery of this message, by number."""
    return _select(
        connection,
        f"SELECT {KEY}, number, at, outcome, reason, request FROM attempts"  # noqa: S608 - our own text alone
        "  WHERE position IN (SELECT position FROM deliveries WHERE message_id = ?1)"
        f" UNION ALL SELECT {KEY}, 1, at, state, reason, request FROM deliveries"
        "  WHERE message_id = ?1 AND request IS NOT NULL",
        message_id,
    )


def select_attempts_of(
    connection: Connection, keys: Collection[DeliveryKey]
) -> Mapping[DeliveryKey, Sequence[Attempt]]:
    """The kept attempts of each of these deliveries, by number."""
    if not keys:
        return {}
    own = ", ".join(f"d.{name}" for name in _KEY)
    return _select(
        connection,
        f"SELECT {own}, d.number, d.at, d.outcome, d.reason, d.request"  # noqa: S608 - our own text alone
        f"  FROM json_each(?1) AS k CROSS JOIN attempts AS d ON {_SAME_KEY}"
        f" UNION ALL SELECT {own}, 1, d.at, d.state, d.reason, d.request"
        f"  FROM json_each(?1) AS k CROSS JOIN deliveries AS d ON {_SAME_KEY}"
        "  WHERE d.request IS NOT NULL",
        _keys(dict.fromkeys(keys)),
    )


def _select(
    connection: Connection, query: str, parameter: str
) -> Mapping[DeliveryKey, Sequence[Attempt]]:
    """What ``query`` finds of attempts, with the answers to their requests."""
    whole = (
        f"SELECT {KEY}, number, t.at, outcome, reason, status,"  # noqa: S608 - our own text alone
        " coalesce(answer, '') AS answer, coalesce(batch, 0) AS batch"
        f" FROM ({query}) AS t LEFT JOIN requests ON requests.id = t.request ORDER BY {KEY}, number"
    )
    packed = loads(read_packed(connection, _ROW, whole, (parameter,)))
    found: dict[DeliveryKey, list[Attempt]] = {}
    for key, told in cast("list[tuple[list[int | str], list[object]]]", packed):
        attempt = Attempt(*cast("tuple[int, Millis, str, str, int | None, str, int]", tuple(told)))
        found.setdefault(_key(key), []).append(attempt)
    return found


def delete_old_attempts(connection: Connection, before: Millis, limit: int) -> int:
    """Remove attempts and requests of before that moment, at most ``limit`` each; how many went."""
    attempts = connection.execute(
        "DELETE FROM attempts WHERE (position, destination, rule, part, replay, number) IN ("
        " SELECT position, destination, rule, part, replay, number FROM attempts"
        " WHERE at < ? ORDER BY at LIMIT ?)",
        (before, limit),
    ).rowcount
    # Their ids count up with time, so that no index of moments is needed.
    requests = connection.execute(
        "DELETE FROM requests WHERE at < ? AND id IN (SELECT id FROM requests ORDER BY id LIMIT ?)",
        (before, limit),
    ).rowcount
    return attempts + requests


def _is_settled_at_once(delivery: Delivery) -> bool:
    return (
        len(delivery.tried) == 1
        and delivery.tried[0].number == 1
        and delivery.tried[0].batch > 0
        and delivery.state in SETTLED_AT_ONCE
        and delivery.tried[0].outcome == delivery.state.value
    )


def _write_requests(
    connection: Connection, deliveries: Iterable[Delivery]
) -> Mapping[_Exchange, int]:
    """The id of each request that these deliveries tell of, written now."""
    ids: dict[_Exchange, int] = {}
    for delivery in deliveries:
        for attempt in delivery.tried:
            exchange = _exchange(attempt)
            if attempt.batch and exchange not in ids:
                written = connection.execute(
                    "INSERT INTO requests (at, status, answer, batch) VALUES (?, ?, ?, ?)",
                    exchange,
                )
                assert written.lastrowid is not None
                ids[exchange] = written.lastrowid
    return ids


def _prune(connection: Connection, deliveries: Iterable[Delivery]) -> None:
    """Of deliveries with many attempts, let go those in the middle."""
    gone = [
        (*parts_of(one.key), FIRST_KEPT, one.attempts - NEWEST_KEPT)
        for one in deliveries
        if one.attempts > FIRST_KEPT + NEWEST_KEPT
    ]
    for parameters in gone:
        connection.execute(
            "DELETE FROM attempts WHERE position = ? AND destination = ? AND rule = ?"
            " AND part = ? AND replay = ? AND number > ? AND number <= ?",
            parameters,
        )


def _exchange(attempt: Attempt) -> _Exchange:
    return (attempt.at, attempt.status, attempt.answer, attempt.batch)


def _row(
    key: DeliveryKey, attempt: Attempt, requests: Mapping[_Exchange, int]
) -> tuple[object, ...]:
    request = requests.get(_exchange(attempt))
    told = (attempt.number, attempt.at, attempt.outcome, attempt.reason, request)
    return (*parts_of(key), *told)


def _keys(keys: Iterable[DeliveryKey]) -> str:
    return dumps([parts_of(key) for key in keys]).decode()


def _key(parts: list[int | str]) -> DeliveryKey:
    return DeliveryKey(*cast("tuple[int, str, str, int, int]", tuple(parts)))
