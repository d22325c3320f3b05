"""A small project with plain vendors, told to fail, and how much a run does: more with SOAK=1."""

import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx

from tests.support.processes import Process, Running
from tests.support.releases import write_project

SOAK = os.environ.get("SOAK") == "1"

PROJECT = """
    version: 1
    sources:
      shop: { kind: server, write_key: demo-write-key }
    server: { shutdown: 3s }
    log: sqlite:encamina.db
    state: sqlite:encamina.db
    """

EVENT = """
    title: Order Completed
    type: object
    properties: { type: { const: track }, event: { const: Order Completed }, properties: { type: object } }
    """

DESTINATION = """
    name: {name}
    title: {name}
    vendor: {name}
    dedupe: id
    consent: {{ all: [advertising] }}
    request: {{ method: POST, url: https://{name}.example.com/in, body: "{{{{ batch }}}}" }}
    batch: {{ max_events: {most}, linger: 20ms }}
    limits: {{ concurrency: 4, timeout: 1s }}
    retry: {{ max_age: 1d, first: 50ms, longest: 1s }}
    breaker: {{ open: 500ms }}
    window: 7d
    responses:
      - {{ when: "{{{{ status == 200 and body is object }}}}", then: delivered }}
    """

RULES = """
    destination: {name}
    rules:
      - name: order
        match: {{ type: track, event: Order Completed }}
        payload: {{ id: "{{{{ event.messageId }}}}", order: "{{{{ properties.order_id }}}}" }}
    """


def scaled(short: int, soak: int) -> int:
    """How many: ``soak`` of them in ``make soak``."""
    return soak if SOAK else short


def plain_project(folder: Path, *names: str, most: int = 10, **files: str) -> Path:
    """A project that sends each order to plain vendors of these names; ``files`` are added."""
    made = {"encamina.yaml": PROJECT, "schemas/events/order-completed.yaml": EVENT}
    for name in names:
        made[f"destinations/{name}.yaml"] = DESTINATION.format(name=name, most=most)
        made[f"rules/{name}.yaml"] = RULES.format(name=name)
    return write_project(folder / "shop", {**made, **files})


def edit(file: Path, *changes: tuple[str, str]) -> None:
    """Rewrite a file of a project by regular expressions, each of which must find something."""
    text = file.read_text()
    for pattern, by in changes:
        text, count = re.subn(pattern, by, text, flags=re.MULTILINE)
        assert count, f"{pattern} is not in {file.name}"
    file.write_text(text)


def impatient(project: Path, *names: str) -> None:
    """These destinations of the reference project wait a second at most."""
    for name in names:
        edit(
            project / f"destinations/{name}.yaml",
            (r"timeout: \d+s", "timeout: 1s"),
            (
                r"^retry: \{ max_age: (\w+), .*",
                r"retry: { max_age: \1, first: 100ms, longest: 1s }",
            ),
            (r"^retry:", "breaker: { open: 1s }\nretry:"),
        )


def with_rules(folder: Path, name: str, rules: str) -> None:
    """The rules of a destination are these."""
    (folder / f"rules/{name}.yaml").write_text(f"destination: {name}\nrules:\n{dedent(rules)}")


def set_faults(sandbox: Process, faults: str, *vendors: str) -> None:
    """These vendors fail like this from now on."""
    for vendor in vendors:
        body = {"vendor": vendor, "faults": faults}
        assert httpx.post(f"{sandbox.url}/faults", json=body).status_code == 200


def an_order(message_id: str, **more: Any) -> dict[str, Any]:
    """An order of this moment whose number belongs to its id."""
    consent = {"categoryPreferences": {"advertising": True, "analytics": True}}
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": message_id,
        "timestamp": datetime.now(UTC).isoformat(),
        "userId": f"user-{message_id}",
        "context": {"consent": consent},
        "properties": {"order_id": f"order {message_id}", "total": 5},
        **more,
    }


def batches(ids: Sequence[str], size: int) -> Iterable[list[dict[str, Any]]]:
    """Orders of these ids, so many a time."""
    for start in range(0, len(ids), size):
        yield [an_order(one) for one in ids[start : start + size]]


@dataclass(frozen=True)
class Taken:
    """What a plain vendor took: its answers were good."""

    times: Counter[str]
    orders: dict[str, set[str]]
    at: dict[str, float]

    @property
    def repeats(self) -> int:
        """How many more than one time each."""
        return self.times.total() - len(self.times)


def taken(shop: Running, vendor: str) -> Taken:
    """Each key that a plain vendor took, how often, for which orders, and when first."""
    times: Counter[str] = Counter()
    orders: dict[str, set[str]] = {}
    first: dict[str, float] = {}
    for request in shop.received(vendor):
        if not request["accepted"]:
            continue
        at = datetime.fromisoformat(request["at"]).timestamp()
        for payload in request["body"]:
            times[payload["id"]] += 1
            orders.setdefault(payload["order"], set()).add(payload["id"])
            first.setdefault(payload["id"], at)
    return Taken(times, orders, first)


def memory_mib(process: Process) -> float:
    """What a process holds in memory just now."""
    text = Path(f"/proc/{process.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found
    return int(found[1]) / 1024


@dataclass(frozen=True)
class Pace:
    """How fast a run was for one vendor: events a second, and the wait of one in the middle."""

    per_s: float
    median_s: float

    def __str__(self) -> str:
        return f"{self.per_s:,.0f} events/s, median wait {self.median_s * 1000:,.0f} ms"


def pace_of(sent_at: dict[str, float], came: Taken) -> Pace:
    """From the moments at which events were sent to those at which a vendor took them."""
    lasted_s = max(came.at.values()) - min(sent_at.values())
    waits = [came.at[one] - at for one, at in sent_at.items()]
    return Pace(len(sent_at) / max(lasted_s, 0.001), statistics.median(waits))


def summary_of(shop: Running) -> dict[str, dict[str, int]]:
    """How many deliveries are in each state, by destination."""
    [counts] = shop.lines("deliveries", "--summary")
    return counts


def wait_for(condition: Any, within_s: float, every_s: float = 0.5) -> Any:
    """What ``condition`` gives once it is true: for questions that cost a process of their own."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not true within {within_s:g} s"
        time.sleep(every_s)
    return value


def wait_while_it_moves(condition: Any, measure: Any, still_s: float = 60) -> Any:
    """What ``condition`` gives once it is true; fails where ``measure`` stays the same so long.

    For work whose length nobody knows beforehand, such as a backlog.
    """
    last, since = measure(), time.monotonic()
    while not (value := condition()):
        if (now := measure()) != last:
            last, since = now, time.monotonic()
        assert time.monotonic() - since < still_s, f"still at {last} after {still_s:g} s"
        time.sleep(0.5)
    return value
