"""The table of match keys: the share of payloads that carried each, by destination and event."""

from collections.abc import Sequence
from itertools import groupby

from cli.output import out, print_json, print_table
from engine.model.delivery import MatchCount


def show_match_keys(counts: Sequence[MatchCount], *, as_json: bool) -> None:
    """One table a destination, or one JSON line an event with the counts themselves."""
    if as_json:
        for one in counts:
            print_json(
                {
                    "destination": one.destination,
                    "event": one.event,
                    "payloads": one.payloads,
                    "carried": dict(one.carried),
                }
            )
        return
    if not counts:
        out().print("No payload of a destination with match_keys: yet.")
    for destination, rows in groupby(counts, key=lambda one: one.destination):
        _show(destination, list(rows))


def _show(destination: str, rows: Sequence[MatchCount]) -> None:
    keys = list(dict.fromkeys(name for one in rows for name in one.carried))
    print_table(
        destination,
        ["event", "payloads", *keys],
        ([one.event, one.payloads, *(_share(one, key) for key in keys)] for one in rows),
        numbers=len(keys) + 1,
    )


def _share(one: MatchCount, key: str) -> str:
    """Whole percent; what is not quite none or all never looks like it."""
    carried = one.carried.get(key, 0)
    if carried in (0, one.payloads):
        return "100%" if carried else "-"
    return f"{min(max(round(100 * carried / one.payloads), 1), 99)}%"
