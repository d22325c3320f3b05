"""The published server SDKs as processes, and the calls that are made of them."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TELL_WITHIN_S = 60.0
TEXT = "Niñez, café y corazón: ñandú 🦙 👩‍👩‍👧 日本 «ñ»"
HALF_EMOJI = "\ud83d"
"""What is left of an emoji where a JavaScript shop cut a text to a length."""

UNROUTED = "Café servido ☕"
"""An event that no schema plans and no rule sends anywhere."""


@dataclass(frozen=True)
class Sdk:
    """One published package, with ``options`` as a shop would set them."""

    name: str
    program: tuple[str, ...]
    options: dict[str, Any]

    @property
    def needs_node(self) -> bool:
        return self.program[0] == "node"


def _python(family: str) -> tuple[str, ...]:
    return (sys.executable, str(HERE / "python_sdk.py"), family)


def _node(program: str) -> tuple[str, ...]:
    return ("node", str(HERE / "node" / program))


SEGMENT_PYTHON = Sdk("segment-python", _python("segment"), {"upload_size": 25})
RUDDER_PYTHON = Sdk("rudder-python", _python("rudderstack"), {"upload_size": 25})
SEGMENT_NODE = Sdk("segment-node", _node("segment.cjs"), {})
RUDDER_NODE = Sdk("rudder-node", _node("rudder.cjs"), {})

SDKS = [SEGMENT_PYTHON, RUDDER_PYTHON, SEGMENT_NODE, RUDDER_NODE]
ALSO = [
    Sdk("segment-python-gzip", SEGMENT_PYTHON.program, {"upload_size": 25, "gzip": True}),
    Sdk("rudder-python-plain", RUDDER_PYTHON.program, {"upload_size": 25, "gzip": False}),
    Sdk("rudder-node-plain", RUDDER_NODE.program, {"gzip": False}),
]
"""The other setting of ``gzip``, where the SDK has one."""


def params(sdks: list[Sdk]) -> list[Any]:
    """The SDKs as parameters of a test, those of npm marked."""
    marks = {True: [pytest.mark.needs_node], False: []}
    return [pytest.param(one, id=one.name, marks=marks[one.needs_node]) for one in sdks]


@dataclass(frozen=True)
class Account:
    """By the SDK's own account: whose calls it delivered, and why it lost the others."""

    delivered: list[str]
    failed: dict[str, str]


@dataclass
class Client:
    """An SDK at work."""

    process: subprocess.Popen[str]

    def begin(self, calls: list[dict[str, Any]]) -> None:
        """Has it make the calls and flush; ``account`` waits for the end of it."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(calls) + "\n")
        self.process.stdin.flush()

    def account(self) -> Account:
        """What became of the calls last begun."""
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], TELL_WITHIN_S)
        line = self.process.stdout.readline() if ready else ""
        assert line, f"no account within {TELL_WITHIN_S:g} s, or it ended: {self.process.poll()}"
        return Account(**json.loads(line))

    def send(self, calls: list[dict[str, Any]]) -> Account:
        """Makes the calls, flushes, and tells what became of them."""
        self.begin(calls)
        return self.account()


def send_all(
    clients: dict[str, Client], calls: dict[str, list[dict[str, Any]]]
) -> dict[str, Account]:
    """All at the same time: the account of each."""
    for name, client in clients.items():
        client.begin(calls[name])
    return {name: client.account() for name, client in clients.items()}


@contextmanager
def sdk_running(
    sdk: Sdk, url: str, node_modules: Path | None, key: str = "demo-write-key", **options: Any
) -> Iterator[Client]:
    """The SDK in a process of its own, which must end by itself without a fault."""
    process = subprocess.Popen(
        [*sdk.program, url, key, json.dumps(sdk.options | options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"NODE_PATH": str(node_modules or "")},
        text=True,
    )
    with process:
        try:
            yield Client(process)
            assert process.stdin
            process.stdin.close()
            assert process.wait(TELL_WITHIN_S) == 0
        finally:
            process.kill()


def calls_of(tag: str, count: int, ratio: float = 1.5) -> list[dict[str, Any]]:
    """``count`` calls of all six types, in turn; the person of each tells it from the others."""
    return [_call(f"{tag}:{number:02}", number, ratio) for number in range(count)]


def _call(person: str, number: int, ratio: float) -> dict[str, Any]:
    type_ = TYPES[number % len(TYPES)]
    call = {"type": type_, "userId": person, "context": _context(ratio), **_said(type_, number)}
    if number % 4 == 0:
        call["messageId"] = f"{person}-según-la-tienda"
    if number % 5 == 0:
        call["timestamp"] = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    return call


def _context(ratio: float) -> dict[str, Any]:
    return {
        "ip": "190.25.101.7",
        "userAgent": "Mozilla/5.0 (Linux; Android 15)",
        "page": {"url": "https://tienda.example.com/celulares?q=%C3%B1"},
        "consent": {"categoryPreferences": {"advertising": True, "analytics": True}},
        "test": {"text": TEXT, "cut": f"corte {HALF_EMOJI}", "ratio": ratio},
    }


TYPES = ("track", "identify", "page", "screen", "group", "alias")


def _said(type_: str, number: int) -> dict[str, Any]:
    viewed = {"product_id": "CEL-A56", "name": "Teléfono ñ 📱", "price": 1299900, "currency": "COP"}
    track = (
        {"event": "Product Viewed", "properties": viewed}
        if number % 12
        else {"event": UNROUTED, "properties": {"tazas": 2}}
    )
    said: dict[str, dict[str, Any]] = {
        "track": track,
        "identify": {"traits": {"firstName": "Íñigo", "address": {"country": "CO"}}},
        "page": {"name": "Celulares", "properties": {"title": "Teléfonos 📱"}},
        "screen": {"name": "Mis pedidos", "properties": {"pedidos": 2}},
        "group": {"groupId": "emp-204", "traits": {"name": "Compañía Ñ"}},
        "alias": {"previousId": f"inv-{number}"},
    }
    return said[type_]
