"""Which rows of a damaged file make sense.

SQLite keeps no check sums: what stands in a row may be damaged and read all the same.
"""

from collections.abc import Mapping

from engine.codec.body import loads
from engine.model.delivery import State
from engine.store.facts import Fact
from engine.store.sqlite.tables import MODELS

STATES = frozenset(str(state) for state in State)
NO_STORY = [None, None]


def makes_sense(table: str, row: Mapping[str, object]) -> bool:
    """Whether the row can be used."""
    if table == "events":
        body = row["body"]
        return isinstance(row["message_id"], str) and isinstance(body, bytes) and _is_json(body)
    if table == "deliveries":
        return row["state"] in STATES
    if table == "documents":
        return row["model"] in range(len(MODELS)) and _is_document(row)
    return True


def _is_json(body: bytes) -> bool:
    try:
        return isinstance(loads(body), Mapping)
    except ValueError:
        return False


def _is_document(row: Mapping[str, object]) -> bool:
    """Whether what is read of it as JSON is that, and counts as facts do."""
    try:
        facts = loads(str(row["facts"]).encode())
        story = NO_STORY if row["story"] is None else loads(str(row["story"]).encode())
    except ValueError:
        return False
    return (
        _is_json(str(row["body"]).encode())
        and isinstance(story, list)
        and len(story) == len(NO_STORY)
        and isinstance(facts, list)
        and all(isinstance(one, list) and len(one) == len(Fact._fields) for one in facts)
    )
