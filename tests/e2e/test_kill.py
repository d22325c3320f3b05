"""kill -9 of the server while it takes events and delivers: what was answered 200 is there."""

import signal
import threading
import uuid

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

BATCH = 20
KILL_AFTER = 15
"""Batches answered before the kill: some of them are being delivered by then."""


def test_kill_9_loses_no_event_that_was_answered_200(tmp_path):
    answered: list[str] = []

    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox) as running:
            sender = threading.Thread(target=send_until_it_dies, args=(running, answered))
            sender.start()
            wait_until(lambda: len(answered) >= KILL_AFTER * BATCH)
            running.server.process.send_signal(signal.SIGKILL)
            running.server.process.wait()
            sender.join()

        with server_running(tmp_path, sandbox) as running:
            accepted = running.lines("events", "--limit", "100000")
            ids = [one["event"]["messageId"] for one in accepted]
            running.settled(expected=len(ids) * 4, within_s=60)
            delivered = running.accepted("meta")

    assert len(ids) == len(set(ids))
    assert set(answered) <= set(ids)
    assert set(delivered) == set(ids)


def send_until_it_dies(running, answered):
    while True:
        events = [an_event(messageId=str(uuid.uuid4()), timestamp=...) for _ in range(BATCH)]
        try:
            answer = running.post(events)
        except httpx.TransportError:
            return
        assert answer.status_code == 200
        assert answer.json()["accepted"] == BATCH
        answered.extend(event["messageId"] for event in events)


def test_a_repeat_after_a_restart_is_a_duplicate(tmp_path):
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox) as running:
            first = running.post([an_event()]).json()
        with server_running(tmp_path, sandbox) as running:
            again = running.post([an_event()]).json()

    assert (first["accepted"], again["accepted"], again["duplicate"]) == (1, 0, 1)


def test_a_folder_is_served_by_one_server_and_in_one_mode(tmp_path):
    with sandbox_running(tmp_path) as sandbox, server_running(tmp_path, sandbox) as running:
        second = running.encamina("serve", "--listen", "127.0.0.1:0", check=False)
        running.server.ended()
        running.env["ENCAMINA_VENDORS"] = "live"
        live = running.encamina("serve", "--listen", "127.0.0.1:0", check=False)

    assert second.returncode == live.returncode == 2
    assert "is served by another process" in second.stderr
    assert "made in sandbox mode" in live.stderr
    assert "--data" in live.stderr
