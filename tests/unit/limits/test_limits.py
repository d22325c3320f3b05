"""What a vendor refuses is caught before it is sent: two judges that share no code say the same.

The one is ours: the contract of the destination, its window, its batches. The other is the stand-in
of the sandbox, written from the vendor's page. ``cases.py`` tells the form of the tables.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trio

from engine.codec.body import dumps, loads
from engine.delivery.send import Sender
from engine.model.cache import Caches
from engine.model.clock import Millis
from engine.model.delivery import Answer, Delivery, DeliveryKey, Request, State
from engine.pipeline.batch import Batcher, Item
from engine.pipeline.decide import payload_of, too_old
from engine.pipeline.request import BodyFault, Moment, build_request
from engine.project.env import parse_env
from engine.project.read import read_project
from engine.release.build import build_release
from engine.release.destination import Destination
from engine.release.release import Release
from engine.sandbox.app import build_app
from tests.support.processes import ROOT
from tests.unit.limits.cases import NOW_MS, Case, Table, ages_ms, changed, tables

TABLES = {table.destination: table for table in tables()}
CASES = [case for table in TABLES.values() for case in table.cases]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the stand-in said: its status, its answer, and its notes."""

    status: int
    text: str
    notes: list[dict[str, Any]]

    @property
    def is_clean(self) -> bool:
        return self.status < 300 and not self.notes

    def says(self, text: str) -> bool:
        return text in self.text or text in json.dumps(self.notes, ensure_ascii=False)


@pytest.mark.parametrize("name", TABLES)
def test_both_judges_take_the_base(name):
    table = TABLES[name]
    payload = changed(table.base, {})

    assert our_words(table, payload) == []
    judged = asked(table, [payload])
    assert judged.is_clean, judged


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_vendor_refuses_is_caught_before(case):
    table = TABLES[case.destination]
    payloads = many(table, case.breach)

    match case.held_by:
        case "contract":
            words = our_words(table, payloads[0])
            assert any((case.contract or "") in one for one in words), words
        case "window":
            assert all(
                too_old(NOW_MS - age, window_of(case), NOW_MS) for age in ages_ms(case.breach)
            )
            assert ages_ms(case.breach)
        case "batch":
            assert len(batches(table, payloads)) > 1
        case other:
            pytest.fail(f"held_by: {other}")
    judged = asked(table, payloads)
    assert judged.says(case.vendor), judged


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_nearest_that_is_allowed_goes(case):
    table = TABLES[case.destination]
    payloads = many(table, case.allowed)

    assert our_words(table, payloads[0]) == []
    if case.held_by == "window":
        assert not any(
            too_old(NOW_MS - age, window_of(case), NOW_MS) for age in ages_ms(case.allowed)
        )
    judged = asked(table, payloads)
    assert judged.is_clean, judged
    assert not judged.says(case.vendor), judged


def test_no_limit_is_told_twice():
    told = [str(case) for case in CASES]

    assert len(told) == len(set(told))


@cache
def the_release() -> Release:
    env = dict(parse_env((ROOT / ".env.example").read_bytes())[0])
    for table in TABLES.values():
        env |= table.env
    project, findings = read_project(ROOT, env)
    assert project is not None, findings
    return build_release(project, Caches.on())[0]


def destination_of(name: str) -> Destination:
    destination = the_release().destination(name)
    assert destination is not None
    return destination


def window_of(case: Case) -> int | None:
    destination = destination_of(case.destination)
    if case.rule is None:
        return destination.window_ms
    return next(one.window_ms for one in destination.routes.rules if one.name == case.rule)


def many(table: Table, changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The payloads of a case: one, or as many as ``$events`` says, each with its own key."""
    payload = changed(table.base, changes)
    count = changes.get("$events", 1)
    path = destination_of(table.destination).dedupe
    if count == 1 or path is None:
        return [payload] * count
    return [with_key(payload, path, at) for at in range(count)]


def with_key(payload: dict[str, Any], path: tuple[str, ...], number: int) -> dict[str, Any]:
    """The payload with another dedupe key of the same length: its end is the number."""
    key: Any = payload
    for step in path:
        key = key[step]
    return changed(payload, {".".join(path): f"{str(key)[:-12]}{number:012}"})


def our_words(table: Table, payload: dict[str, Any]) -> list[str]:
    """Every breach of the payload's contract and of the request's."""
    destination = destination_of(table.destination)
    assert destination.contract is not None
    words = [f"{one.path}: {one.message}" for one in destination.contract.reasons(payload)]
    try:
        built(table, [payload])
    except BodyFault as fault:
        words.append(str(fault))
    return words


def built(table: Table, payloads: list[dict[str, Any]]) -> Request:
    """The request that carries the payloads, whatever the destination's batches allow."""
    return built_by(destination_of(table.destination), payloads)


def built_unjudged(table: Table, payloads: list[dict[str, Any]]) -> Request:
    """As ``built``, though the whole body breaks ``request.contract``: the other judge sees it."""
    destination = destination_of(table.destination)
    assert destination.request is not None
    request = replace(destination.request, contract=None)
    return built_by(replace(destination, request=request), payloads)


def built_by(destination: Destination, payloads: list[dict[str, Any]]) -> Request:
    """The request of that destination."""
    batch = [payload_of(destination, one) for one in payloads]
    return build_request(destination, the_release().env, batch, Moment(Millis(NOW_MS)))


def asked(table: Table, payloads: list[dict[str, Any]]) -> Judged:
    """What the stand-in says of a request with these payloads."""
    destination = destination_of(table.destination)
    request = at_the_judge(table, built_unjudged(table, payloads))
    return trio.run(_asked, destination.vendor, request)


def at_the_judge(table: Table, request: Request) -> Request:
    """The request as the table's judge wants it: another path, or more in its body."""
    if not table.judge:
        return request
    url = urlsplit(request.url)
    body = {**loads(request.body), **table.judge.get("body", {})}
    path = table.judge.get("path", url.path)
    headers = {**request.headers, **table.judge.get("headers", {})}
    return replace(request, url=url._replace(path=path).geturl(), headers=headers, body=dumps(body))


async def _asked(vendor: str, request: Request) -> Judged:
    app = build_app(now=lambda: NOW_MS / 1000)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        answer = await Sender(client, "http://sandbox").send(vendor, request, 10_000)
        assert isinstance(answer, Answer)
        received = (await client.get("http://sandbox/received")).json()["items"][-1]
    text = (
        answer.body if isinstance(answer.body, str) else json.dumps(answer.body, ensure_ascii=False)
    )
    return Judged(answer.status, text, received["diagnostics"])


def batches(table: Table, payloads: list[dict[str, Any]]) -> list[list[Item]]:
    """How the destination would share the payloads out to requests."""
    destination = destination_of(table.destination)
    batcher = Batcher(destination.batch)
    for at, payload in enumerate(payloads):
        key = DeliveryKey(at, table.destination)
        now = Millis(NOW_MS)
        delivery = Delivery(key, str(at), "", State.WAITING, "", 0, now, now, "", now)
        batcher.add(Item(delivery, payload_of(destination, payload)), now)
    return batcher.take(Millis(NOW_MS), all_of_them=True)
