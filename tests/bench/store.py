"""How fast the embedded store answers: over 100,000 documents, then over 1,000,000.

The same shop at the same pace, with ten times the history: 10,000 documents a day. Questions with a
range ask for the last week.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

from engine.model.clock import Millis, from_iso, to_iso
from engine.sqlite.database import Databases
from engine.store.ids import document_id
from engine.store.interface import Document, Model, Store
from engine.store.open import open_store
from engine.store.questions import QUESTIONS, Question, read_arguments

SMALL, LARGE = 100_000, 1_000_000
A_DAY = 10_000
DAY_MS = 86_400_000
BATCH = 5000
ASKED = 300
TARGET_MS, TARGET_RATIO = 100.0, 3.0
PAGES, PRODUCTS, USERS, SEARCHES = 500, 300, 20_000, 400
NEWEST = from_iso("2026-11-25T12:34:56.789Z") or 0
STEPS = ("product", "cart", "checkout", "payment", "purchase")


@dataclass(frozen=True)
class Timing:
    """The 95th percentile of one question over both sizes."""

    name: str
    small_ms: float
    large_ms: float

    def __str__(self) -> str:
        ratio = self.large_ms / self.small_ms
        # Under a millisecond the difference is noise, and nobody's wait.
        fits = self.large_ms < TARGET_MS and (ratio <= TARGET_RATIO or self.large_ms < 1)
        words = "" if fits else "   over the target"
        return f"{self.name:<40}{self.small_ms:>9.2f} ms {self.large_ms:>9.2f} ms {ratio:>6.1f} x{words}"


def documents(first: int, count: int, total: int) -> Iterator[Document]:
    """So many documents of a shop, the last of ``total`` at ``NEWEST``."""
    for number in range(first, first + count):
        chance = random.Random(number)
        at = Millis(NEWEST - (total - 1 - number) * DAY_MS // A_DAY)
        # Some 12 documents a session, one after the other in time; sessions overlap.
        session = f"ses-{number // 120 * 10 + chance.randrange(10)}"
        user = f"cli-{chance.randrange(USERS)}" if chance.random() < 0.3 else None
        yield _document(number, at, {"sessionId": session, **({"userId": user} if user else {})})


def _document(number: int, at: Millis, base: dict[str, Any]) -> Document:
    chance = random.Random(-number)
    kind = chance.random()
    page = f"https://tienda.example.com/p/{int(chance.paretovariate(1.1)) % PAGES}"
    about: dict[str, Any] = {}
    if kind < 0.35:
        model, fields = (
            Model.PAGE_VIEW,
            {"pageUrl": page, "pageTitle": "Tienda", "deviceInfo": {"os": "Android"}},
        )
    elif kind < 0.65:
        model = Model.INTERACTION
        fields = {"interactionType": chance.choice(("click", "scroll", "hover")), "pageUrl": page}
        fields |= {"elementId": f"el-{chance.randrange(200)}", "viewportWidth": 1440}
        if chance.random() < 0.8:
            fields |= {"x": chance.randrange(1440), "y": chance.randrange(4000)}
    elif kind < 0.69:
        model = Model.CONVERSION
        fields = {"conversionType": chance.choice(("purchase", "registration", "first_purchase"))}
        fields |= {"conversionValue": chance.randrange(10_000, 5_000_000), "currency": "COP"}
    else:
        model = Model.EVENT
        category = chance.choice(("custom", "page_view", "user_interaction", "conversion"))
        fields = {
            "eventName": "Event",
            "eventCategory": category,
            "eventAction": "event",
            "metadata": {"a": 1},
        }
        about = _about(chance)
    return Document(document_id(str(number), "event", 0), model, {**base, **fields}, at, about)


def _about(chance: random.Random) -> dict[str, Any]:
    kind = chance.random()
    if kind < 0.5:
        step = chance.choices(STEPS, (60, 20, 10, 6, 4))[0]
        product = {
            "productId": f"P{chance.randrange(PRODUCTS)}",
            "name": "Producto",
            "price": 1000,
            "currency": "COP",
        }
        return {"step": step, "products": [product]}
    if kind < 0.65:
        return {"search": f"busca {int(chance.paretovariate(1.1)) % SEARCHES}"}
    if kind < 0.8:
        value = chance.lognormvariate(7.5, 0.5)
        return {"vital": {"page": f"/p/{chance.randrange(40)}", "metric": "LCP", "value": value}}
    return {}


def arguments_of(question: Question, chance: random.Random, total: int) -> dict[str, Any]:
    """What a caller might ask, another thing each time."""
    session = f"ses-{chance.randrange(total // 12)}"
    page = f"https://tienda.example.com/p/{int(chance.paretovariate(1.1)) % PAGES}"
    known: dict[str, Any] = {
        "category": chance.choice(("custom", "page_view", "user_interaction", "conversion")),
        "userId": f"cli-{chance.randrange(USERS)}",
        "sessionId": session,
        "pageUrl": page,
    }
    return {one.name: known[one.name] for one in question.parameters if one.required}


async def fill(store: Store, first: int, last: int, total: int) -> float:
    """Write the documents from ``first`` up to before ``last``; how many a second."""
    began = perf_counter()
    for start in range(first, last, BATCH):
        await store.write([*documents(start, min(BATCH, last - start), total)])
    return (last - first) / (perf_counter() - began)


async def timings(store: Store, total: int) -> dict[str, float]:
    """The 95th percentile of each question, and of those with a range over the last week, in ms."""
    found: dict[str, float] = {}
    week = {"from": to_iso(Millis(NEWEST - 7 * DAY_MS)), "to": to_iso(Millis(NEWEST))}
    for question in QUESTIONS:
        found[question.name] = await _p95(store, question, total, {})
        if question.dated:
            found[f"{question.name}, last 7 days"] = await _p95(store, question, total, week)
    return found


async def _p95(store: Store, question: Question, total: int, ends: dict[str, str]) -> float:
    chance, took = random.Random(question.name), []
    for _ in range(ASKED):
        asked = read_arguments(question, {**arguments_of(question, chance, total), **ends})
        began = perf_counter()
        await store.ask(asked)
        took.append(1000 * (perf_counter() - began))
    return quantiles(took, n=20)[-1]


async def print_store(folder: Path) -> Path:
    """Fill, ask, fill on, ask again, and print; the larger file."""
    async with Databases(folder) as files:
        # Two files: in each the newest document is of the same moment.
        small = await open_store("sqlite:small.db", files)
        rate = await fill(small, 0, SMALL, SMALL)
        print(f"{SMALL:,} documents written, {rate:,.0f}/s", flush=True)
        before = await timings(small, SMALL)
        large = await open_store("sqlite:large.db", files)
        rate = await fill(large, 0, LARGE, LARGE)
        size = (folder / "large.db").stat().st_size / 2**20
        print(f"{LARGE:,} documents written, {rate:,.0f}/s, {size:,.0f} MiB\n", flush=True)
        after = await timings(large, LARGE)
    print(f"{'p95 of':<40}{SMALL:>12,}{LARGE:>13,}")
    for name, small_ms in before.items():
        print(Timing(name, small_ms, after[name]))
    return folder / "large.db"
