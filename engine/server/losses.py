"""What it means that rows of a table are lost, in words for whoever repaired a data folder."""

from collections.abc import Mapping, Sequence

from engine.sqlite.trees import Saved

MEANS: Mapping[str, str] = {
    "events": "these events are gone: have their sources send them again, where they can",
    "seen": (
        "a repeat of an event that the log no longer holds, of the last day, is taken as a new one"
    ),
    "groups": (
        "how far each destination had read: each begins anew, and what its records don't show as "
        "sent goes out once more"
    ),
    "put_off": "what waited for a retry is handed out at once",
    "settings": (
        "keys and admin tokens made by `encamina keys` may be gone, REVOKED KEYS MAY BE VALID "
        "AGAIN where they stand in encamina.yaml, and pauses by hand are gone: before you serve, "
        "see `encamina keys list` and `encamina destinations list`, and revoke and pause again"
    ),
    "people": (
        "stored consent and opt-outs may be gone, and what was remembered of browsers: where a "
        "person's refusal must hold, put back a backup"
    ),
    "deliveries": (
        "of what is lost here it can't be told any more what was sent; where the event is there "
        "and unfinished, it goes out again under its old dedupe key"
    ),
    "attempts": "answers of vendors to single attempts are missing from `encamina explain`",
    "requests": "answers of vendors to single attempts are missing from `encamina explain`",
    "key_sets": "by which keys a person was matched is missing from `encamina explain`",
    "quarantine": "quarantined events are gone: have their sources send them again",
    "mailbox": "what waited for a browser session may be gone",
    "replays": "replays that were running may be gone: see `encamina replay`, and ask again",
    "outbox": "lines of deliveries may be missing from the archive's files",
    "outbox_readers": (
        "what was settled and not archived yet is missing from the archive's files, as is what is "
        "settled before the server is started"
    ),
    "documents": (
        "the store answers without these: `encamina replay` to the destination that is the store, "
        "with --again, makes those again whose events the log still holds"
    ),
    "verdict_counts": "the counts of verdicts are too small",
}
"""By table."""

DERIVED = "derived_"
OF_DERIVED = "an event that is derived from others may be made once more, or not at all"

MADE_ANEW = frozenset(("delivery_counts", "counts", "stories"))
"""Counted anew: from the deliveries, and from the store's documents."""


def warnings_of(tables: Sequence[Saved]) -> list[str]:
    """One line for each table that may have lost rows, and what that means."""
    return [
        f"{one.table} may have lost rows: {_meaning(one.table)}"
        for one in tables
        if not one.whole and one.table not in MADE_ANEW
    ]


def _meaning(table: str) -> str:
    if table.startswith(DERIVED):
        return OF_DERIVED
    return MEANS.get(table, "`encamina doctor --repair --json` says which")
