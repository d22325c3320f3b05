"""Whether questions over a large store slow down what comes in: one server, in turn asked or not."""

import random
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from engine.model.clock import Millis, to_iso
from engine.store.questions import QUESTIONS
from tests.bench.ingest import BATCH, batches, send
from tests.bench.store import DAY_MS, NEWEST, arguments_of
from tests.support.processes import sandbox_running, server_running

TOKEN = "bench-read-token"
A_SECOND = 10
ROUNDS = 6
BATCHES = 100


def print_asked(
    folder: Path, documents: int, file: Path, event: Mapping[str, Any], env: Mapping[str, str]
) -> None:
    """Ingest with and without questions to ``file``, a store of so many documents."""
    data = folder / "data"
    data.mkdir()
    shutil.move(file, data / "analytics.db")
    rates: dict[bool, list[float]] = {False: [], True: []}
    answered = 0
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, ENCAMINA_READ_TOKEN=TOKEN, **env) as running,
    ):
        send(running, batches(event, 8))
        for _ in range(ROUNDS):
            for asked, measured in rates.items():
                bodies = batches(event, BATCHES)
                with _asking(running.server.url, documents) if asked else _nobody() as answers:
                    began = perf_counter()
                    send(running, bodies)
                    measured.append(BATCHES * BATCH / (perf_counter() - began))
                answered += len(answers)
    alone, beside = median(rates[False]), median(rates[True])
    noise = (max(rates[False]) - min(rates[False])) / 2 / alone
    print(
        f"\ningest, nobody asks {alone:,.0f}/s (rounds differ by ±{noise:.0%}), beside {A_SECOND}"
        f" questions a second over {documents:,} documents {beside:,.0f}/s:"
        f" {beside / alone - 1:+.1%} ({answered} answered)"
    )


@contextmanager
def _nobody() -> Iterator[list[int]]:
    yield []


@contextmanager
def _asking(url: str, documents: int) -> Iterator[list[int]]:
    """Every question in turn, with and without a range, at a steady pace."""
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            for address in _addresses(documents):
                began = perf_counter()
                statuses.append(client.get(address).raise_for_status().status_code)
                if over.wait(max(0.0, 1 / A_SECOND - (perf_counter() - began))):
                    return

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield statuses
    finally:
        over.set()
        asker.join()


def _addresses(documents: int) -> Iterator[str]:
    chance = random.Random(3)
    week = {"from": to_iso(Millis(NEWEST - 7 * DAY_MS)), "to": to_iso(NEWEST)}
    for number, question in enumerate(cycle(QUESTIONS)):
        given = arguments_of(question, chance, documents)
        in_path = {one.name: given.pop(one.name) for one in question.parameters if one.in_path}
        path = question.path.format(**{name: quote(value, "") for name, value in in_path.items()})
        ends = week if question.dated and number // len(QUESTIONS) % 2 else {}
        yield f"{path}?{urlencode({**given, **ends})}"
