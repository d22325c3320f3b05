"""Prints each figure as it is, and as a ratio to json.loads + json.dumps of the same event.

The baseline runs beside each figure, so that a slower machine or a busy one shows in both.
``python -m tests.bench path`` prints the path of an event alone, without servers;
``python -m tests.bench store`` how fast the analytics store answers.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import trio

from cli.project import release_of
from engine.model.cache import Caches
from engine.model.clock import system_clock, to_iso
from engine.model.decision import Decision
from engine.model.event import Event, Inbound, Source
from engine.model.verdict import Accepted
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from engine.pipeline.scope import view
from engine.release.release import Release
from tests.bench.asked import print_asked
from tests.bench.ingest import events_per_second, idle_memory_mib
from tests.bench.store import LARGE, print_store
from tests.support.processes import DEMO_ENV, ROOT

OFF = dict.fromkeys(("META_MODE", "GA4_MODE", "GTM_MODE", "POSTHOG_MODE"), "off")
ROUND_S = 0.4
ROUNDS = 10
ROUTED = ("meta", "ga4", "posthog")
SHOP = Source("shop")


@dataclass(frozen=True)
class Figure:
    """One thing timed, in calls a second: the best of some rounds, and its baseline's."""

    name: str
    per_s: float
    baseline_per_s: float

    def __str__(self) -> str:
        ratio = self.baseline_per_s / self.per_s
        return (
            f"{self.name:<58}{self.per_s:>11,.0f}/s {1e6 / self.per_s:>8.1f} us "
            f"{ratio:>7.1f} x json"
        )


def an_order() -> dict[str, object]:
    """A realistic Order Completed with three products, sent now."""
    lines = (ROOT / "tests/data/shop-day.jsonl").read_text().splitlines()
    orders = [one for line in lines if (one := json.loads(line)).get("event") == "Order Completed"]
    whole = [
        one
        for one in orders
        if one["context"].get("traits") and "broken" not in one["context"].get("test", {})
    ]
    order = max(whole, key=lambda one: len(json.dumps(one)))
    products = order["properties"]["products"]
    order["properties"]["products"] = (products * 3)[:3]
    order["timestamp"] = to_iso(system_clock())
    order["context"]["consent"] = {
        "categoryPreferences": {"advertising": True, "analytics": True, "functional": True}
    }
    return order


def timed(name: str, once: Callable[[], object], baseline: Callable[[], object]) -> Figure:
    """Both in turn, several rounds; the best of each, as whatever else runs here only adds."""
    figures: dict[Callable[[], object], list[float]] = {once: [], baseline: []}
    for _ in range(ROUNDS):
        for call, rates in figures.items():
            rates.append(_rate(call))
    return Figure(name, max(figures[once]), max(figures[baseline]))


def _rate(call: Callable[[], object]) -> float:
    call()
    calls, began = 0, perf_counter()
    while (spent := perf_counter() - began) < ROUND_S / 2:
        for _ in range(50):
            call()
        calls += 50
    return calls / spent


def path_figures(words: str, caches: Caches) -> Iterator[Figure]:
    """The pure path of an event, on one core."""
    order = an_order()
    text = json.dumps(order)
    release = release_of(ROOT, caches)
    destinations = [one for one in release.destinations if one.name in ROUTED]
    now = system_clock()
    inbound = Inbound(SHOP, order, now)
    event = _accepted(release, inbound)

    baseline = partial(_round_trip, text)

    def whole() -> list[list[Decision]]:
        accepted = _accepted(release, inbound)
        seen = view(accepted, SHOP)
        return [decide(one, accepted, SHOP, now, seen) for one in destinations]

    assert all(one.verb == "send" for some in whole() for one in some), whole()
    yield timed(f"normalise, validate, route, render to 3 ({words})", whole, baseline)
    yield timed("  of which normalise and validate", lambda: admit(release, inbound), baseline)
    for one in destinations:
        seen = view(event, SHOP)
        alone = partial(decide, one, event, SHOP, now, seen)
        yield timed(f"  of which {one.name}", alone, baseline)


def _round_trip(text: str) -> str:
    """The baseline: what the standard library takes to read and write the event."""
    return json.dumps(json.loads(text))


def _accepted(release: Release, inbound: Inbound) -> Event:
    verdict = admit(release, inbound)
    assert isinstance(verdict, Accepted), verdict
    return verdict.event


def print_path() -> None:
    """What one core does with an event, in this process."""
    for words, caches in (("caches on", Caches.on()), ("caches off", Caches.off())):
        for figure in path_figures(words, caches):
            print(figure, flush=True)


def print_servers() -> None:
    """What the server does, as a process."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"\nserve, idle: {idle_memory_mib(Path(folder)):.0f} MiB resident")
    for words, environment in (
        ("nothing delivered", OFF),
        ("delivering to 4", {}),
    ):
        order = an_order()
        baseline = _rate(partial(_round_trip, json.dumps(order)))
        with tempfile.TemporaryDirectory() as folder:
            rate = events_per_second(Path(folder), order, environment)
        print(Figure(f"ingest of 100-event batches, durable, {words}", rate, baseline))


def print_stores() -> None:
    """How fast the store answers, and what that costs who sends."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = trio.run(print_store, folder)
        print_asked(folder, LARGE, file, an_order(), OFF)


def main() -> None:
    """Run what is asked for, or all, and print."""
    os.environ.update(DEMO_ENV)
    print(f"Python {sys.version.split()[0]}; one Order Completed with three products\n")
    if sys.argv[1:] == ["store"]:
        print_stores()
        return
    print_path()
    if sys.argv[1:] != ["path"]:
        print_servers()
        print_stores()


main()
