"""Reasons by the thousand in few lines: what differs from event to event in them is folded."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cli.output import print_json, print_table
from engine.model.clock import to_iso
from engine.state.interface import ReasonCount

VARYING = re.compile(
    r"""[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}   # a UUID
    | (?<=\[)[0-9]+(?=\])                                    # the place in a list
    | \d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-][0-9:]+)?)?             # a time
    | \b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{8,}\b            # letters and digits: an id
    | (?<![\w.:/-])(?<!HTTP[ ])(?<!HTTP[ ]\d{3}:[ ])(?<!error[ ])(?<!code[ ])
      [0-9]+(\.[0-9]+)?(?!\w|\.[0-9])                       # a number
    """,
    re.VERBOSE | re.ASCII,
)
FOLD = "…"


def folded(reason: str) -> str:
    """The reason without what is the event's own; HTTP status, error codes and lines stay."""
    return VARYING.sub(FOLD, reason)


def grouped(counts: Iterable[ReasonCount]) -> list[ReasonCount]:
    """The counts of reasons that are one when folded, added up; the most first."""
    groups: dict[tuple[str, str], ReasonCount] = {}
    for one in counts:
        key = (one.group, folded(one.reason))
        other = groups.get(key)
        newest = one if other is None or one.at > other.at else other
        total = one.count + (0 if other is None else other.count)
        groups[key] = replace(newest, reason=key[1], count=total)
    return sorted(groups.values(), key=lambda one: (-one.count, one.group, one.reason))


def print_reasons(group: str, counts: Sequence[ReasonCount], *, as_json: bool) -> None:
    """The groups; ``group`` says what their first part is, destination or source."""
    if as_json:
        for one in counts:
            print_json(
                {
                    group: one.group,
                    "reason": one.reason,
                    "count": one.count,
                    "newest": {
                        "message_id": one.message_id,
                        "event": one.event,
                        "at": to_iso(one.at),
                    },
                }
            )
        return
    print_table(
        "",
        [group, "reason", "newest", "of", "count"],
        ([one.group, one.reason, to_iso(one.at), one.message_id, one.count] for one in counts),
        numbers=1,
    )
