"""Verdicts in the durable counts, and in the same write what leaves the quarantine by them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.sqlite.connection import Connection
from engine.state.sqlite.quarantine import delete_ids
from engine.state.sqlite.settings import add_verdicts


@dataclass(frozen=True, slots=True)
class Noted:
    """The verdicts of one request."""

    source: str
    counts: Mapping[str, int]
    accepted: Sequence[str]


def note(connection: Connection, noted: Sequence[Noted]) -> list[None]:
    """Add these counts; what was accepted is in quarantine no more."""
    add_verdicts(connection, [(one.source, one.counts) for one in noted])
    ids = [(one.source, message_id) for one in noted for message_id in one.accepted]
    if ids:
        delete_ids(connection, ids)
    return [None] * len(noted)


def leave(connection: Connection, source: str, ids: Sequence[str], verdict: str) -> int:
    """Take these out of the quarantine, and count them as ``verdict``; how many there were."""
    gone = delete_ids(connection, [(source, message_id) for message_id in ids])
    if gone:
        add_verdicts(connection, [(source, {"quarantined": -gone, verdict: gone})])
    return gone
