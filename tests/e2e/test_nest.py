"""NestJS's own TCP clients, 10, 11 and 12, unchanged: what they send, ask and are answered."""

import json
import os
import re
import resource
import socket
import subprocess
import uuid
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from tests.support.certificates import write_certificates
from tests.support.npm import packages
from tests.support.processes import (
    Running,
    a_project,
    clean_environment,
    free_port,
    running,
    sandbox_running,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.needs_node]

CLIENTS = Path(__file__).parent / "nest"
ROOT = CLIENTS.parents[2]
TELL_WITHIN_S = 60
READ_TOKEN = "demo-read-token"
NO_HANDLER = "There is no matching message handler defined in the remote service."
AT = "2026-11-24T21:06:03.120Z"
TRACKED = {
    "analytics.track.event": {
        "eventName": "chatbot_opened",
        "eventCategory": "user_interaction",
        "eventAction": "open",
        "eventLabel": "¿Dónde está mi pedido? 😀",
        "eventValue": 3.5,
        "metadata": {"deep": [{"ñ": {"n": 0}, "😀": [1, "2", False]}]},
        "timestamp": AT,
    },
    "analytics.track.pageView": {
        "pageUrl": "https://shop.example/galaxy",
        "pageTitle": "Galaxy ñandú",
        "referrer": "https://search.example/",
        "deviceInfo": {"os": "Android", "screen": {"width": 412}},
        "location": {"country": "CO", "city": "Bogotá"},
        "timestamp": AT,
    },
    "analytics.track.conversion": {
        "conversionType": "purchase",
        "conversionValue": 3_299_900,
        "currency": "COP",
        "productIds": ["SM-S938", "EP-T4511"],
        "timestamp": AT,
    },
    "analytics.track.interaction": {
        "interactionType": "click",
        "elementId": "buy",
        "pageUrl": "https://shop.example/galaxy",
        "x": 120,
        "y": 640,
        "timestamp": AT,
    },
}


def installed(version):
    found = packages(CLIENTS / version, f"nest-{version}")
    if found is None:
        missing = "the npm packages can't be had: npm is not there, or its registry out of reach"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return found


@pytest.fixture(scope="module", params=["10", "11", "12"])
def modules(request):
    """Where a version of the client is installed."""
    return installed(request.param)


@pytest.fixture(scope="module")
def newest():
    """Where the newest one is."""
    return installed("12")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("vendors")) as one:
        yield one


class Client:
    """The client in a process of its own."""

    def __init__(self, modules, port, *tls):
        self.process = subprocess.Popen(
            ["node", str(CLIENTS / "client.mjs"), str(modules), str(port), *tls],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *calls):
        """Have it make these calls."""
        assert self.process.stdin
        self.process.stdin.write("".join(f"{json.dumps(one)}\n" for one in calls))
        self.process.stdin.flush()
        return self

    def told(self, count):
        """The next so many outcomes, by number."""
        assert self.process.stdout
        lines = [json.loads(self.process.stdout.readline()) for _ in range(count)]
        return {line.pop("n"): line for line in lines}


@contextmanager
def client(modules, port, *tls):
    one = Client(modules, port, *tls)
    with one.process:
        try:
            yield one
            assert one.process.stdin
            one.process.stdin.close()
            assert one.process.wait(TELL_WITHIN_S) == 0
        finally:
            one.process.kill()


def made(modules, port, *calls, tls=()):
    """The outcomes of these calls by one client, by number."""
    with client(modules, port, *tls) as one:
        return one.ask(*calls).told(sum("n" in call for call in calls))


@contextmanager
def serving(folder, sandbox, port, project=ROOT):
    environment = clean_environment(
        ENCAMINA_VENDORS="sandbox",
        ENCAMINA_SANDBOX_URL=sandbox.url,
        ENCAMINA_PROJECT=str(project),
        ENCAMINA_READ_TOKEN=READ_TOKEN,
        ENCAMINA_DATA=str(folder / "data"),
    )
    listen = f"127.0.0.1:{port}"
    command = ("serve", "--nest-tcp", listen)
    with running(folder / "server.log", "/readyz", environment, *command) as server:
        yield Running(server, sandbox, project, folder / "data", environment)


@pytest.fixture(scope="module")
def shop(tmp_path_factory, sandbox):
    """A server that all clients share, its people and sessions told apart by name."""
    folder, port = tmp_path_factory.mktemp("nest"), free_port()
    with serving(folder, sandbox, port) as server:
        yield SimpleNamespace(port=port, running=server)


@pytest.fixture(scope="module")
def sent(shop, modules):
    """A body of each kind as ``send``, as one person; then everything is in the store."""
    person = f"u-{uuid.uuid4()}"
    bodies = {
        pattern: {**body, "userId": person, "sessionId": f"s-{person}"}
        for pattern, body in TRACKED.items()
    }
    bodies["analytics.track.conversion"]["orderId"] = f"O-{person}"
    calls = [
        {"n": n, "send": pattern, "data": body} for n, (pattern, body) in enumerate(bodies.items())
    ]
    told = made(modules, shop.port, *calls)
    answers = {pattern: told[n] for n, pattern in enumerate(bodies)}
    wait_until(lambda: own_events(shop, person) and conversions(shop, person))
    return SimpleNamespace(person=person, bodies=bodies, answers=answers)


def own_events(shop, person):
    found = over_http(shop, f"events/user/{person}?limit=1000")
    return [one for one in found if one["eventName"] == "chatbot_opened"]


def conversions(shop, person):
    return over_http(shop, f"conversions/user/{person}")


def over_http(shop, path):
    url, token = f"{shop.running.server.url}/analytics/{path}", f"Bearer {READ_TOKEN}"
    return httpx.get(url, headers={"Authorization": token}, timeout=10).raise_for_status().json()


def asked(modules, shop, pattern, data):
    [value] = made(modules, shop.port, {"n": 0, "send": pattern, "data": data})[0]["values"]
    return value


@pytest.mark.parametrize("pattern", TRACKED)
def test_what_is_sent_is_answered_with_the_document_that_is_stored(sent, pattern):
    [document] = sent.answers[pattern]["values"]

    assert len(document["_id"]) == 24
    kept = dict(sent.bodies[pattern])
    if pattern == "analytics.track.interaction":
        kept = {name: document[name] if name in "xy" else kept[name] for name in kept}
    assert {name: document.get(name) for name in kept} == kept


def test_every_question_is_answered_from_what_was_sent(shop, modules, sent):
    session, page = f"s-{sent.person}", TRACKED["analytics.track.pageView"]["pageUrl"]
    questions = {
        "analytics.events.byUser": sent.person,
        "analytics.events.bySession": {"sessionId": session, "limit": 50},
        "analytics.events.byCategory": {"category": "user_interaction", "from": "2026-11-24"},
        "analytics.conversions.byUser": {"userId": sent.person},
        "analytics.pageViews.popular": {},
        "analytics.session.duration": session,
        "analytics.interactions.top": {"startDate": AT},
        "analytics.interactions.heatmap": {"url": page},
    }

    told = made(
        modules,
        shop.port,
        *[{"n": name, "send": name, "data": data} for name, data in questions.items()],
    )

    found = {name: told[name]["values"][0] for name in questions}
    names = {one["eventName"] for one in found["analytics.events.byUser"]}
    assert "chatbot_opened" in names
    assert found["analytics.events.bySession"] == found["analytics.events.byUser"]
    assert "chatbot_opened" in {one["eventName"] for one in found["analytics.events.byCategory"]}
    # Beside it may stand those that Encamina derives, such as the first purchase.
    assert (
        sent.answers["analytics.track.conversion"]["values"][0]
        in found["analytics.conversions.byUser"]
    )
    assert [one["views"] for one in found["analytics.pageViews.popular"] if one["pageUrl"] == page]
    assert found["analytics.session.duration"] == {"sessionId": session, "durationSeconds": 0}
    assert "buy" in {one.get("elementId") for one in found["analytics.interactions.top"]}
    assert found["analytics.interactions.heatmap"][0]["count"] >= 1


def test_an_answer_over_tcp_is_the_one_over_http(shop, modules, sent):
    over_tcp = asked(modules, shop, "analytics.conversions.byUser", {"userId": sent.person})

    assert over_tcp == conversions(shop, sent.person)


def test_what_is_emitted_arrives_though_the_client_closes_at_once(shop, modules):
    body = a_body()
    person = body["userId"]
    emits = [{"n": n, "emit": "analytics.track.event", "data": body} for n in range(40)]

    told = made(modules, shop.port, *emits)

    assert len(told) == 40
    wait_until(lambda: len(own_events(shop, person)) == 40)


def test_a_hundred_calls_at_once_each_get_their_own_answer(shop, modules):
    body = a_body()
    calls = [
        {"n": n, "send": "analytics.track.event", "data": {**body, "eventLabel": f"😀{n}"}}
        for n in range(100)
    ]

    told = made(modules, shop.port, *calls)

    assert {n: one["values"][0]["eventLabel"] for n, one in told.items()} == {
        n: f"😀{n}" for n in range(100)
    }


def test_an_object_pattern_is_answered(shop, modules, sent):
    answer = made(
        modules,
        shop.port,
        {"n": 0, "send": {"cmd": "analytics.events.byUser"}, "data": {"userId": sent.person}},
        {"n": 1, "emit": {"cmd": "analytics.track.event"}, "data": {"none": 1}},
    )

    assert len(answer[0]["values"][0]) >= 4


def test_an_unknown_pattern_fails_in_nestjs_own_words(shop, modules):
    told = made(modules, shop.port, {"n": 0, "send": "analytics.nope", "data": {}})

    assert told[0] == {"error": NO_HANDLER}


def test_a_body_that_is_not_right_fails_with_each_field(shop, modules):
    told = made(
        modules,
        shop.port,
        {"n": 0, "send": "analytics.track.conversion", "data": {"conversionValue": "x"}},
        {"n": 1, "send": "analytics.events.byUser", "data": {}},
    )

    error = told[0]["error"]
    assert (error["status"], error["statusCode"]) == ("error", 400)
    assert "conversionType" in {one["path"] for one in error["errors"]}
    assert told[1]["error"]["message"].startswith("userId is missing")


def test_nothing_accepted_is_lost_when_the_server_is_killed(tmp_path, sandbox, newest):
    port, body = free_port(), a_body()
    calls = [{"n": n, "send": "analytics.track.event", "data": body} for n in range(300)]
    with client(newest, port) as one:
        with serving(tmp_path, sandbox, port) as first:
            answered = one.ask(*calls).told(60)
            first.server.process.kill()
            first.server.process.wait()
        answered |= one.told(240)
        with serving(tmp_path, sandbox, port) as again:
            kept = kept_by(again)
            later = one.ask({"n": "later", "send": "analytics.track.event", "data": body}).told(1)

    well = [one for one in answered.values() if "values" in one]
    assert 60 <= len(well) <= kept
    # What was lost was told, and the client connects again by itself.
    assert {one["error"] for one in answered.values() if "error" in one} <= {
        "Error: Connection closed",
        "Error: read ECONNRESET",
    }
    assert "values" in later["later"]


def test_a_stop_answers_what_it_took(tmp_path, sandbox, newest):
    port = free_port()
    calls = [{"n": n, "send": "analytics.track.event", "data": a_body()} for n in range(300)]
    with client(newest, port) as one:
        with serving(tmp_path, sandbox, port) as server:
            told = one.ask(*calls).told(30)
            assert server.server.ended() == 0
        told |= one.told(270)

    assert len([one for one in told.values() if "values" in one]) == kept_by(server)


def a_body():
    person = f"u-{uuid.uuid4()}"
    return {**TRACKED["analytics.track.event"], "userId": person, "sessionId": person}


def kept_by(server):
    """How many of our events the log has: those that were derived from them left out."""
    events = server.lines("events", "--limit", "1000")
    return len([one for one in events if one["event"].get("event") == "chatbot_opened"])


def test_with_certificates_of_its_own_a_client_is_answered_from_anywhere(
    tmp_path, sandbox, modules
):
    project, port = a_project(tmp_path), free_port()
    write_certificates(project)
    tls = "{ certificate: server.pem, key: server.key, client_ca: ca.pem }"
    with (project / "encamina.yaml").open("a") as settings:
        settings.write(f"\nnest: {{ listen: '0.0.0.0:{port}', source: shop, tls: {tls} }}\n")
    files = {"ca": "ca.pem", "cert": "caller.pem", "key": "caller.key"}
    own = json.dumps({name: str(project / path) for name, path in files.items()})
    call = {"n": 0, "send": "analytics.track.event", "data": a_body()}

    with serving(tmp_path, sandbox, port, project):
        answer = made(modules, port, call, tls=[own])

    assert answer[0]["values"][0]["eventName"] == "chatbot_opened"


def test_a_flood_of_silent_connections_keeps_no_client_out(shop, newest):
    most = enough_files(10_000)
    before = memory_of(shop.running.server.process.pid)
    flood = []
    try:
        # One by one: those that there are must be closed, whatever becomes of the next.
        flood.extend(socket.create_connection(("127.0.0.1", shop.port), 5) for _ in range(most))
        call = {"n": 0, "send": "analytics.track.event", "data": a_body()}

        assert "values" in made(newest, shop.port, call)[0]
        assert httpx.get(f"{shop.running.server.url}/readyz", timeout=10).status_code == 200
        assert memory_of(shop.running.server.process.pid) - before < 60 * 2**20
    finally:
        for one in flood:
            one.close()


def enough_files(wanted):
    """So many connections as this process may open, at most ``wanted``."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - 200)


def memory_of(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def test_a_start_says_what_is_served_where(shop):
    said = shop.running.server.said()

    assert f"NestJS patterns at 127.0.0.1:{shop.port}:" in said
    assert "analytics.track.pageView" in said
    assert "takes analytics-page-view" in said
    told = [line for line in said.splitlines() if line.startswith("  analytics.")]
    columns = {re.search(" (takes|answers) ", line).start() for line in told}
    assert len(told) == 20
    assert len(columns) == 1, said


def test_an_address_that_anybody_reaches_is_refused_without_more(shop):
    done = shop.running.encamina("serve", "--nest-tcp", "0.0.0.0:3001", check=False)

    assert done.returncode == 2
    assert "anybody who reaches that address" in done.stderr
