"""Policies of delivery with a real server and the sandbox's faults: breaker, waits, pauses, order."""

import json
import time
from contextlib import contextmanager

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import sandbox_running, server_running, wait_until
from tests.support.releases import FILES, write_project

pytestmark = pytest.mark.slow

TOKEN = "enc_a_for-tests"
SETTINGS = """
version: 1
sources:
  shop: { kind: server, write_key: "{{ env.SHOP_WRITE_KEY }}" }
server: { admin_token: "{{ env.ENCAMINA_ADMIN_TOKEN }}" }
"""
HOOK = FILES["destinations/hook.yaml"] + "retry: { first: 50ms, longest: 200ms }\n"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@contextmanager
def serving(folder, sandbox, hook):
    """The small project with a hook like that, over a sandbox that knows of nothing yet."""
    set_fault(sandbox, "")
    httpx.delete(f"{sandbox.url}/received")
    files = {**FILES, "encamina.yaml": SETTINGS, "destinations/hook.yaml": hook}
    project = write_project(folder / "shop", files)
    with server_running(folder, sandbox, project, ENCAMINA_ADMIN_TOKEN=TOKEN) as running:
        yield running


def set_fault(sandbox, faults):
    answer = httpx.post(f"{sandbox.url}/faults", json={"vendor": "hook", "faults": faults})
    assert answer.status_code == 200


def orders(*ids, **overrides):
    return [an_event(messageId=one, timestamp=..., **overrides) for one in ids]


def standing(running):
    return httpx.get(f"{running.server.url}/readyz").json()["destinations"]["hook"]


def listed(running):
    [line] = running.lines("destinations", "list")
    return line


def taken(running):
    """The ids that the stand-in took, in order."""
    bodies = [item["body"] for item in running.received("hook") if item["status"] == 200]
    return [one["id"] for body in bodies for one in body["items"]]


def metric(running, name):
    text = httpx.get(f"{running.server.url}/metrics").text
    lines = [line for line in text.splitlines() if line.startswith(f'{name}{{destination="hook"}}')]
    return float(lines[0].split()[-1]) if lines else None


def counted(running):
    return json.loads(running.encamina("deliveries", "--summary", "--json").stdout)["hook"]


def test_a_breaker_opens_shows_it_everywhere_and_closes_when_the_vendor_is_back(tmp_path, sandbox):
    hook = HOOK.replace("max_events: 10", "max_events: 1")
    with serving(tmp_path, sandbox, hook + "breaker: { failures: 3, open: 1s }\n") as running:
        set_fault(sandbox, "503")
        running.post(orders(*(f"down-{number}" for number in range(30))))
        opened = wait_until(lambda: standing(running)["state"] == "open" and standing(running))
        line = listed(running)
        requests = len(running.received("hook"))
        gauge = metric(running, "encamina_destination_breaker_open")

        set_fault(sandbox, "")
        wait_until(lambda: counted(running).get("delivered") == 30)

        assert opened["reason"].startswith("HTTP 503")
        assert opened["until"].endswith("Z")
        assert line["state"] in ("open", "half-open")
        assert requests <= 3 + 4 + 2
        assert gauge == 1
        assert standing(running)["state"] == "running"
        assert metric(running, "encamina_destination_breaker_open") == 0
        assert metric(running, "encamina_breaker_openings_total") >= 1


def test_a_429_with_retry_after_is_waited_for_by_newer_events_too(tmp_path, sandbox):
    with serving(tmp_path, sandbox, HOOK) as running:
        set_fault(sandbox, "429")
        running.post(orders("asked"))
        wait_until(lambda: running.received("hook"))
        asked = time.monotonic()
        set_fault(sandbox, "")
        running.post(orders("newer"))
        wait_until(lambda: len(taken(running)) == 2)
        waited_s = time.monotonic() - asked

    # The sandbox asks for a second.
    assert 0.7 < waited_s < 10


def test_a_pause_by_hand_outlasts_a_restart_and_resume_sends_what_waited(tmp_path, sandbox):
    with serving(tmp_path, sandbox, HOOK) as running:
        said = running.encamina("destinations", "pause", "hook", "--reason", "we move").stdout
        running.post(orders("kept-1"))
        line = listed(running)
        assert running.server.ended() == 0

    with server_running(
        tmp_path, sandbox, tmp_path / "shop", ENCAMINA_ADMIN_TOKEN=TOKEN
    ) as running:
        running.post(orders("kept-2"))
        time.sleep(0.5)
        after = standing(running)
        sent = running.received("hook")
        resumed = running.encamina("destinations", "resume", "hook").stdout
        wait_until(lambda: counted(running).get("delivered") == 2)

        assert (said, resumed) == ("hook paused\n", "hook resumed\n")
        assert (line["state"], line["reason"], line["by_hand"]) == ("paused", "we move", True)
        assert line["since"].endswith("Z")
        assert (after["state"], after["reason"]) == ("paused", "we move")
        assert sent == []
        assert standing(running)["state"] == "running"


def test_a_folder_that_nobody_serves_is_paused_for_the_next_start(tmp_path, sandbox):
    with serving(tmp_path, sandbox, HOOK) as running:
        assert running.server.ended() == 0
        running.encamina("destinations", "pause", "hook")
        again = running.encamina("destinations", "pause", "hook").stdout
        line = listed(running)
        running.encamina("destinations", "resume", "hook")
        without = listed(running)

    assert again == "hook was paused before\n"
    assert (line["state"], line["reason"]) == ("paused", "paused by hand")
    assert (without["state"], without["backlog"], without["dead"]) == (None, 0, 0)


def test_resume_ends_a_pause_that_an_answer_made(tmp_path, sandbox):
    with serving(tmp_path, sandbox, HOOK) as running:
        set_fault(sandbox, "401")
        running.post(orders("refused"))
        wait_until(lambda: standing(running)["state"] == "paused")
        set_fault(sandbox, "")
        running.encamina("destinations", "resume", "hook")
        wait_until(lambda: counted(running).get("delivered") == 1)


def test_an_unknown_destination_is_refused_with_the_nearest(tmp_path, sandbox):
    with serving(tmp_path, sandbox, HOOK) as running:
        done = running.encamina("destinations", "pause", "hok", check=False)

    assert done.returncode == 2
    assert 'did you mean "hook"?' in done.stderr


def test_a_destination_that_is_off_says_off(tmp_path, sandbox):
    with serving(tmp_path, sandbox, HOOK + "mode: 'off'\n") as running:
        assert standing(running)["state"] == "off"
        assert listed(running)["state"] == "off"


def test_limits_hold_for_requests_and_for_events(tmp_path, sandbox):
    hook = HOOK.replace("max_events: 10, linger: 50ms", "max_events: 5, linger: 0s")
    with serving(tmp_path, sandbox, hook + "limits: { events: 25/s }\n") as running:
        began = time.monotonic()
        running.post(orders(*(f"event-{number}" for number in range(50))))
        wait_until(lambda: len(taken(running)) == 50)
        by_events_s = time.monotonic() - began

    # 50 events at 25 a second: the last batch of five begins after 45 of them.
    assert by_events_s > 45 / 25 - 0.2


def test_order_by_user_holds_over_faults_and_kills(tmp_path, sandbox):
    hook = HOOK.replace("linger: 50ms", "linger: 5ms")
    hook += "order_by: user\nbreaker: { failures: 1000, window: 1ms }\n"
    ids = [f"{person}-{number}" for number in range(10) for person in ("ana", "leo", "eva")]
    with serving(tmp_path, sandbox, hook) as running:
        set_fault(sandbox, "503:0.4,429:0.05")
        running.post([one for id_ in ids for one in orders(id_, userId=id_.split("-")[0])])
        wait_until(lambda: len(taken(running)) >= 4)
        running.server.process.kill()
        running.server.process.wait()

    with server_running(
        tmp_path, sandbox, tmp_path / "shop", ENCAMINA_ADMIN_TOKEN=TOKEN
    ) as running:
        wait_until(lambda: counted(running).get("delivered") == 30, within_s=60)
        accepted = list(dict.fromkeys(taken(running)))

    for person in ("ana", "leo", "eva"):
        theirs = [one for one in accepted if one.startswith(person)]
        assert theirs == [f"{person}-{number}" for number in range(10)]
