"""kill -9 of the server while it takes events and delivers: what was answered 200 is there."""

import json
import signal
import subprocess
import sys
import threading
import uuid

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import (
    ROOT,
    clean_environment,
    running,
    sandbox_running,
    server_running,
    wait_until,
)

pytestmark = pytest.mark.slow

BATCH = 20
KILL_AFTER = 15
"""Batches answered before the kill: some of them are being delivered by then."""


def test_kill_9_loses_no_event_that_was_answered_200(tmp_path):
    answered: list[str] = []

    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox) as shop:
            sender = threading.Thread(target=send_until_it_dies, args=(shop, answered))
            sender.start()
            wait_until(lambda: len(answered) >= KILL_AFTER * BATCH)
            shop.server.process.send_signal(signal.SIGKILL)
            shop.server.process.wait()
            sender.join()

        with server_running(tmp_path, sandbox) as shop:
            accepted = shop.lines("events", "--limit", "100000")
            ids = [one["event"]["messageId"] for one in accepted]
            shop.settled(expected=len(ids) * 4, within_s=60)
            delivered = shop.accepted("meta")

    assert len(ids) == len(set(ids))
    assert set(answered) <= set(ids)
    assert set(delivered) == set(ids)


def send_until_it_dies(shop, answered):
    while True:
        events = [an_event(messageId=str(uuid.uuid4()), timestamp=...) for _ in range(BATCH)]
        try:
            answer = shop.post(events)
        except httpx.TransportError:
            return
        assert answer.status_code == 200
        assert answer.json()["accepted"] == BATCH
        answered.extend(event["messageId"] for event in events)


def test_nothing_is_sent_to_a_live_server_without_yes_live(tmp_path):
    off = dict.fromkeys(("META_MODE", "GA4_MODE", "GTM_MODE", "POSTHOG_MODE"), "off")
    event = tmp_path / "event.json"
    event.write_text(json.dumps(an_event()))
    env = clean_environment(ENCAMINA_VENDORS="live", ENCAMINA_DATA=str(tmp_path / "data"), **off)

    with running(tmp_path / "live.log", "/readyz", env, "serve") as live:
        command = [sys.executable, "-m", "cli", "send", str(event), "--url", live.url]
        refused, sent = (
            subprocess.run(
                [*command, *more], cwd=ROOT, env=env, capture_output=True, text=True, check=False
            )
            for more in ([], ["--yes-live"])
        )

    assert refused.returncode == 2
    assert "delivers to real vendors; nothing was sent" in refused.stderr
    assert sent.returncode == 0
    assert "1 accepted" in sent.stdout
    assert "live: requests go to the real vendors" in live.said()


def test_a_repeat_after_a_restart_is_a_duplicate(tmp_path):
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox) as shop:
            first = shop.post([an_event()]).json()
        with server_running(tmp_path, sandbox) as shop:
            again = shop.post([an_event()]).json()

    assert (first["accepted"], again["accepted"], again["duplicate"]) == (1, 0, 1)


def test_a_folder_is_served_by_one_server_and_in_one_mode(tmp_path):
    with sandbox_running(tmp_path) as sandbox, server_running(tmp_path, sandbox) as shop:
        second = shop.encamina("serve", "--listen", "127.0.0.1:0", check=False)
        shop.server.ended()
        shop.env["ENCAMINA_VENDORS"] = "live"
        live = shop.encamina("serve", "--listen", "127.0.0.1:0", check=False)

    assert second.returncode == live.returncode == 2
    assert "is served by another process" in second.stderr
    assert "made in sandbox mode" in live.stderr
    assert "--data" in live.stderr
