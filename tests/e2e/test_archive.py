"""The archive of a real server: what was settled is in its files, whatever happens meanwhile."""

import gzip
import json
import signal
import sqlite3
import threading
from contextlib import closing

import pytest

from tests.e2e.test_kill import send_until_it_dies
from tests.support.events import an_event
from tests.support.processes import a_project, sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

FINAL = {"delivered", "unverified", "skipped", "shadowed", "dead"}
FOLDER = {"ARCHIVE_FOLDER": "archive"}


def archived(shop, kind):
    """The lines of all finished files of that kind, in no order."""
    lines = []
    for path in (shop.data / "archive" / kind).rglob(f"{kind}-*.jsonl.gz"):
        with gzip.open(path, "rt") as file:
            lines += [json.loads(line) for line in file]
    return lines


def key(line):
    return (line["messageId"], line["destination"], line.get("rule", ""), line["part"])


def settled(shop):
    """The state of each settled delivery but the archive's own, as the audit trail has it."""
    return {
        (one["message_id"], one["destination"], one["rule"] or "", one["part"]): one["state"]
        for one in shop.deliveries()
        if one["destination"] != "archive" and one["state"] in FINAL
    }


def newest(lines):
    """The state of each delivery by its newest line."""
    return {key(one): one["state"] for one in sorted(lines, key=lambda one: one["at"])}


def outbox(shop):
    with closing(sqlite3.connect(f"file:{shop.data}/encamina.db?mode=ro", uri=True)) as file:
        return file.execute("SELECT count(*) FROM outbox").fetchone()[0]


def stopped_twice(folder, sandbox, project):
    """A start and a stop: what was settled while the first one stopped is written by the next."""
    with server_running(folder, sandbox, project, **FOLDER) as shop:
        shop.server.ended()
    return shop


def test_what_was_settled_is_in_the_files_with_how_it_came_to_be(tmp_path):
    project = a_project(tmp_path)
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, project, **FOLDER) as shop:
            shop.post([an_event(messageId=f"m{n}", timestamp=...) for n in range(5)])
            shop.post([an_event("Unheard Of", messageId="odd", timestamp=...)])
            shop.settled(expected=24)
            wait_until(lambda: len(shop.deliveries("--destination", "archive")) == 6)
            shop.server.ended()
        shop = stopped_twice(tmp_path, sandbox, project)
        lines, recorded = archived(shop, "deliveries"), settled(shop)

    assert newest(lines) == recorded
    assert {"delivered", "skipped"} <= {one["state"] for one in lines}
    assert {"meta", "store"} <= {one["destination"] for one in lines}
    [meta] = [one for one in lines if (one["messageId"], one["destination"]) == ("m1", "meta")]
    assert [(one["number"], one["outcome"], one["status"]) for one in meta["tries"]] == [
        (1, "delivered", 200)
    ]
    assert "payload" not in meta
    assert {one["messageId"] for one in archived(shop, "events")} >= {"m0", "odd"}
    assert outbox(shop) == 0


def test_a_kill_9_loses_no_settled_delivery(tmp_path):
    answered: list[str] = []
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, **FOLDER) as shop:
            sender = threading.Thread(target=send_until_it_dies, args=(shop, answered))
            sender.start()
            # Some of it is in a file by then, some is on its way there.
            part = shop.data / "archive/deliveries"
            wait_until(lambda: [*part.rglob("*.part")] and len(answered) >= 300)
            shop.server.process.send_signal(signal.SIGKILL)
            shop.server.process.wait()
            sender.join()

        with server_running(tmp_path, sandbox, **FOLDER) as shop:
            ids = {one["event"]["messageId"] for one in shop.lines("events", "--limit", "100000")}
            shop.settled(expected=len(ids) * 4, within_s=60)
            shop.server.ended()
        with server_running(tmp_path, sandbox, **FOLDER) as shop:
            shop.server.ended()
        lines, recorded = archived(shop, "deliveries"), settled(shop)

    assert set(answered) <= ids
    assert newest(lines) == recorded


def test_a_dead_letter_that_is_retried_has_a_second_line(tmp_path):
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, **FOLDER) as shop:
            shop.post([an_event(messageId="m1", timestamp="2020-01-01T00:00:00Z")])
            wait_until(lambda: shop.deliveries("--destination", "meta", "--state", "dead"))
            shop.server.ended()
            shop.encamina("dead", "retry", "--destination", "meta", "--yes")
        with server_running(tmp_path, sandbox, **FOLDER) as shop:
            wait_until(lambda: shop.deliveries("--destination", "meta", "--state", "dead"))
            shop.server.ended()
        with server_running(tmp_path, sandbox, **FOLDER) as shop:
            shop.server.ended()
        lines = [one for one in archived(shop, "deliveries") if one["destination"] == "meta"]

    lines.sort(key=lambda one: one["at"])
    assert [(one["messageId"], one["state"]) for one in lines] == [("m1", "dead")] * 2
    assert lines[0]["at"] < lines[1]["at"]


def test_off_nothing_is_kept_for_it(tmp_path):
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, **FOLDER) as shop:
            shop.server.ended()
        with server_running(tmp_path, sandbox) as shop:
            shop.post([an_event(messageId="m1")])
            shop.settled(expected=4)
            assert outbox(shop) == 0
            shop.server.ended()

    assert archived(shop, "deliveries") == []
