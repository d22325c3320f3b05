"""Which of its match keys each payload carried, so that a person sees what vendors can match by.

::

    key_sets         id INTEGER; keys TEXT: the names with a space between, each after "+" if it
                     was carried and after "-" if not, such as "+em -ph"; each set once
    deliveries       match_keys INTEGER: the set that the payload carried, NULL without a payload

A shop has thousands of deliveries and a few dozen sets. Written with the deliveries.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from engine.model.delivery import MatchCount, MatchKeys
from engine.sqlite.connection import Connection

SCRIPT = """
    ALTER TABLE deliveries ADD COLUMN match_keys INTEGER;
    CREATE TABLE key_sets (id INTEGER PRIMARY KEY, keys TEXT NOT NULL UNIQUE);
    """


def set_ids(connection: Connection, sets: Collection[MatchKeys]) -> Mapping[MatchKeys, int]:
    """The id of each of these sets; those that are new are written."""
    ids: dict[MatchKeys, int] = {}
    for keys in sets:
        text = " ".join(f"{'+' if is_carried else '-'}{name}" for name, is_carried in keys)
        connection.execute("INSERT OR IGNORE INTO key_sets (keys) VALUES (?)", (text,))
        (found,) = connection.execute("SELECT id FROM key_sets WHERE keys = ?", (text,)).fetchone()
        ids[keys] = int(found)
    return ids


def select_match_counts(connection: Connection, destination: str | None) -> list[MatchCount]:
    """How many payloads carried each key, by destination and event."""
    where = "" if destination is None else "AND destination GLOB ?"
    rows = connection.execute(
        "SELECT destination, event, keys, count(*) FROM deliveries"  # noqa: S608 - our own text alone
        f" JOIN key_sets ON id = match_keys WHERE match_keys IS NOT NULL {where}"
        " GROUP BY destination, event, keys",
        () if destination is None else (destination,),
    )
    payloads: Counter[tuple[str, str]] = Counter()
    carried: dict[tuple[str, str], Counter[str]] = {}
    for where_sent, event, keys, count in rows.fetchall():
        payloads[where_sent, event] += count
        counts = carried.setdefault((where_sent, event), Counter())
        counts.update({key[1:]: count if key[0] == "+" else 0 for key in keys.split()})
    return [MatchCount(*key, payloads[key], carried[key]) for key in sorted(payloads)]
