"""What a session counts for, as a whole: how far it came, its cart, and what became of searches.

Pure, shared by every engine that keeps counts: these facts depend on several documents, so they are
worked out anew whenever one of them changes.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.model.clock import Millis
from engine.model.jsonvalue import Body
from engine.store.facts import Fact, key_of, text_at

STEPS = ("product", "cart", "checkout", "payment", "purchase")
"""The steps of the funnel, in their order."""

WITHIN_MS = {"30m": 1_800_000, "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000}
"""What the funnel can be limited to: from the first step on."""

EVER = "ever"
MOST = 2000
"""Moments of one session that are looked at, the first ones: more has no person, but a program."""


class Moment(NamedTuple):
    """One document of a session that means something here."""

    at: Millis
    step: str
    search: str


class Dated(NamedTuple):
    """A fact and when it counts."""

    at: Millis
    fact: Fact


def moment_of(at: Millis, about: Body) -> Moment | None:
    """What a document means to its session, None if nothing."""
    step, search = text_at(about, "step"), text_at(about, "search")
    return Moment(at, step, search) if step in STEPS or search else None


def session_facts(moments: Sequence[Moment]) -> list[Dated]:
    """What a session counts for; its moments in the order of time."""
    bought_at = max((one.at for one in moments if one.step == "purchase"), default=None)
    found = [
        Dated(
            one.at,
            Fact("search", "", one.search, 1, int(bought_at is not None and bought_at > one.at)),
        )
        for one in moments
        if one.search
    ]
    return [*found, *_cart(moments, bought_at), *_funnel(moments)]


def _cart(moments: Sequence[Moment], bought_at: Millis | None) -> list[Dated]:
    """A session with a cart, and whether an order came after."""
    opened = next((one.at for one in moments if one.step in {"cart", "checkout"}), None)
    if opened is None:
        return []
    return [
        Dated(opened, Fact("cart", "", "", 1, int(bought_at is not None and bought_at >= opened)))
    ]


def _funnel(moments: Sequence[Moment]) -> list[Dated]:
    """Each step that was reached after the ones before it, counted when the first was."""
    found: list[Dated] = []
    begin = reached = None
    for number, step in enumerate(STEPS):
        reached = next(
            (one.at for one in moments if one.step == step and one.at >= (reached or one.at)), None
        )
        if reached is None:
            break
        begin = reached if begin is None else begin
        found.append(Dated(begin, Fact("funnel", "", key_of(number, _class(reached - begin)))))
    return found


def _class(took_ms: int) -> str:
    return next((name for name, most in WITHIN_MS.items() if took_ms <= most), EVER)
