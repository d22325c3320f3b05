"""The server under load on this machine, as real processes over real sockets."""

import base64
import http.client
import json
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from tests.support.processes import Running, sandbox_running, server_running

BATCH = 100
BATCHES = 300
CALLERS = 8
KEY = base64.b64encode(b"demo-write-key:").decode()


def idle_memory_mib(folder: Path) -> float:
    """Resident memory of ``serve`` on the reference project, once it is ready."""
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox) as running:
        status = Path(f"/proc/{running.server.process.pid}/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def events_per_second(folder: Path, event: Mapping[str, Any], env: Mapping[str, str]) -> float:
    """Events answered as accepted in a second, from several callers, each on its connection."""
    bodies = batches(event, BATCHES)
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, **env) as running:
        send(running, bodies[:8])
        began = perf_counter()
        send(running, bodies[8:])
        return (BATCHES - 8) * BATCH / (perf_counter() - began)


def batches(event: Mapping[str, Any], count: int) -> list[bytes]:
    """Bodies of so many requests, each with the event a hundred times under ids of their own."""
    return [_batch(event) for _ in range(count)]


def _batch(event: Mapping[str, Any]) -> bytes:
    events = [{**event, "messageId": str(uuid.uuid4())} for _ in range(BATCH)]
    return json.dumps({"batch": events}).encode()


def send(running: Running, bodies: list[bytes]) -> None:
    """Send these from several callers, and wait for every answer."""
    waiting = iter(bodies)
    turn = threading.Lock()

    def call() -> None:
        connection = http.client.HTTPConnection(urlsplit(running.server.url).netloc)
        while True:
            with turn:
                body = next(waiting, None)
            if body is None:
                connection.close()
                return
            connection.request("POST", "/v1/batch", body, {"Authorization": f"Basic {KEY}"})
            answer = json.loads(connection.getresponse().read())
            assert answer["accepted"] == BATCH, answer

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
