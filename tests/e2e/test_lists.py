"""The lists of deliveries and of events: filtered, and followed beside a running server."""

import json
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import ROOT, sandbox_running, server_running, wait_until
from tests.support.releases import FILES, write_project

pytestmark = pytest.mark.slow

RETRY = "retry: { first: 10ms, longest: 500ms }\nbreaker: { failures: 1000000, window: 1s }\n"
"""No rest for a vendor that fails: 20 requests in a second would be needed for one."""


@contextmanager
def a_server(folder):
    """One order delivered at one vendor and failing at another, one event of no rule, one bad."""
    hook = FILES["destinations/hook.yaml"] + RETRY
    down = hook.replace("name: hook", "name: down").replace("hook.example", "down.example")
    rules = FILES["rules/hook.yaml"]
    project = write_project(
        folder / "project",
        {
            **FILES,
            "destinations/hook.yaml": hook,
            "destinations/down.yaml": down.replace("aliases: [Webhook]\n", ""),
            "rules/down.yaml": rules.replace("destination: hook", "destination: down"),
        },
    )
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, project, SHOP_WRITE_KEY="shop-key") as running,
    ):
        fail(running, "503")
        running.post([an_event(messageId="one", timestamp=...)], "shop-key")
        other = an_event("Heartbeat", messageId="beat", timestamp=...)
        running.post([other], "strict-key")
        bad = an_event(messageId="bad", timestamp=..., properties={})
        running.post([bad], "shop-key")
        wait_until(lambda: running.recorded(state="retrying"))
        wait_until(lambda: running.recorded(state="delivered"))
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("lists")) as running:
        yield running


def fail(running, faults):
    asked = {"vendor": "down", "faults": faults}
    assert httpx.post(f"{running.sandbox.url}/faults", json=asked).status_code == 200


def told(rows):
    return [(row["message_id"], row["destination"]) for row in rows]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--rule", "ord*"), [("one", "down"), ("one", "hook")]),
        (("--event", "Order*", "--destination", "h*"), [("one", "hook")]),
        (("--error", "503"), [("one", "down")]),
        (("--error", "*nothing*"), []),
        (("--since", "1h"), [("one", "down"), ("one", "hook")]),
        (("--until", "1h"), []),
        (("--since", "2100-01-01"), []),
        (("--replay", "0"), [("one", "down"), ("one", "hook")]),
        (("--replay", "1"), []),
    ],
)
def test_deliveries_are_found_by_what_is_asked_of_them(running, options, expected):
    assert told(running.deliveries(*options)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["one", "bad"]),
        (("--event", "Order*", "--verdict", "accepted"), ["one"]),
        (("--source", "shop"), ["one", "bad"]),
        (("--source", "strict"), []),
        (("--since", "1h", "--limit", "1"), ["bad"]),
        (("--until", "1h"), []),
    ],
)
def test_events_are_found_by_what_is_asked_of_them(running, options, expected):
    rows = running.lines("events", *options)

    assert [row["event"]["messageId"] for row in rows] == expected


def test_a_time_that_is_none_is_refused_with_an_example(running):
    for command in ("deliveries", "events"):
        done = running.encamina(command, "--since", "yesterday", check=False)

        assert done.returncode == 2
        assert "such as 90m or 2d" in done.stderr


def test_a_retrying_delivery_says_when_it_is_tried_and_when_it_gives_up(running):
    [row] = running.deliveries("--state", "retrying")

    assert row["at"] < row["next_at"] < row["gives_up_at"]
    assert "gives up 20" in running.encamina("deliveries", "--state", "retrying").stdout


@contextmanager
def following(running, *command):
    """The lines that a command has printed so far; Ctrl-C ends it, with exit code 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *command, "--follow", "--json"],
        cwd=ROOT,
        env=running.env,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = []

    def read():
        for line in process.stdout:
            lines.append(json.loads(line))  # noqa: PERF401 - each as it comes

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield lines
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def test_followed_lists_tell_of_what_comes_and_changes(tmp_path):
    with (
        a_server(tmp_path) as running,
        following(running, "deliveries") as rows,
        following(running, "events") as events,
    ):
        wait_until(lambda: len(rows) >= 2 and len(events) >= 2)

        running.post([an_event(messageId="two", timestamp=...)], "shop-key")
        wait_until(lambda: ("two", "hook", "delivered") in states(rows))
        wait_until(lambda: ("two", "down", "retrying") in states(rows))
        fail(running, "")
        both = {("one", "down", "delivered"), ("two", "down", "delivered")}
        wait_until(lambda: both <= states(rows))
        wait_until(lambda: events[-1]["event"]["messageId"] == "two")

    seen = [(row["message_id"], row["destination"], row["at"]) for row in rows]
    assert len(seen) == len(set(seen))


def states(rows):
    return {(row["message_id"], row["destination"], row["state"]) for row in rows}
