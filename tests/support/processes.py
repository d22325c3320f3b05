"""The server and the sandbox as real processes on free ports, and questions to them."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
START_WITHIN_S = 90.0
STOP_WITHIN_S = 20.0
DEMO_ENV = {
    "SHOP_WRITE_KEY": "demo-write-key",
    "META_PIXEL_ID": "1234567890123456",
    "META_CONVERSION_API_TOKEN": "demo-meta-token",
    "META_APP_SECRET": "demo-meta-app-secret",
    "GTM_SERVER_CONTAINER_URL": "https://gtm.example.com",
    "GTM_MEASUREMENT_ID": "G-ABC123",
    "GTM_API_SECRET": "demo-gtm-api-secret",
    "POSTHOG_KEY": "phc_demo",
    "POSTHOG_HOST": "https://us.i.posthog.com",
    "GA4_MODE": "live",
    "POSTHOG_SCOPE": "all",
}


OURS = (
    *("ENCAMINA_", "SHOP_", "META_", "GTM_", "GA4_", "GOOGLE_", "POSTHOG_", "CLARITY_", "TIKTOK_"),
    *("PINTEREST_", "AMPLITUDE_", "MIXPANEL_", "KLAVIYO_", "SLACK_", "WEBHOOK_", "MICROSOFT_"),
)
"""How the names begin that the reference project reads."""


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without anything of Encamina's own, and with demo values.

    Without events made from events: nearly all tests count those that they send.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"PYTHONUNBUFFERED": "1", "DERIVED_MODE": "off"} | DEMO_ENV | extra


@dataclass
class Process:
    """One of our commands, running; ``url`` is where it listens."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def ended(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after ``sig``."""
        self.process.send_signal(sig)
        return self.process.wait(STOP_WITHIN_S)

    def said(self) -> str:
        """What it wrote so far."""
        return self.log.read_text()


@contextmanager
def running(log: Path, health: str, env: dict[str, str], *command: str) -> Iterator[Process]:
    """``encamina COMMAND --listen …`` on a free port, ended at the end of the block."""
    port = free_port()
    listen = f"127.0.0.1:{port}"
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *command, "--listen", listen],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running_process = Process(f"http://{listen}", process, log)
        try:
            wait_until(lambda: _answers(f"http://{listen}{health}", running_process))
            yield running_process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_WITHIN_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _answers(url: str, running_process: Process) -> bool:
    if running_process.process.poll() is not None:
        raise AssertionError(f"it ended at once:\n{running_process.said()}")
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], Any], within_s: float = START_WITHIN_S) -> Any:
    """What ``condition`` gives once it is true; fails after ``within_s``."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within_s:g} s: {condition}")
        time.sleep(0.05)
    return value


def a_project(folder: Path) -> Path:
    """The reference project, copied as a user would have it."""
    project = folder / "shop"
    project.mkdir()
    shutil.copy(ROOT / "encamina.yaml", project)
    for name in ("schemas", "rules", "destinations"):
        shutil.copytree(ROOT / name, project / name)
    return project


@contextmanager
def sandbox_running(folder: Path, *options: str) -> Iterator[Process]:
    """The vendors' sandbox."""
    with running(
        folder / "sandbox.log", "/healthz", clean_environment(), "sandbox", *options
    ) as one:
        yield one


@dataclass
class Running:
    """A server with its sandbox, and what can be asked of both."""

    server: Process
    sandbox: Process
    project: Path
    data: Path
    env: dict[str, str] = field(repr=False)

    def post(self, events: list[Any], key: str = "demo-write-key", **body: Any) -> httpx.Response:
        """The answer to a batch."""
        return httpx.post(
            f"{self.server.url}/v1/batch",
            auth=(key, ""),
            json={"batch": events, **body},
            timeout=30,
        )

    def received(self, vendor: str, **query: Any) -> list[dict[str, Any]]:
        """What a vendor's stand-in got, all pages."""
        items: list[dict[str, Any]] = []
        while True:
            after = items[-1]["n"] if items else 0
            params = {"vendor": vendor, "after": after, **query}
            page = httpx.get(f"{self.sandbox.url}/received", params=params, timeout=30).json()
            if not page["items"]:
                return items
            items += page["items"]

    def accepted(self, vendor: str) -> list[str | None]:
        """The dedupe keys that a vendor's stand-in accepted, in order."""
        return [key for item in self.received(vendor) for key in item["accepted"]]

    def encamina(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command over this project and its data."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *command],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stderr}")
        return done

    def lines(self, *command: str) -> list[Any]:
        """The JSON lines that a command prints."""
        return [json.loads(line) for line in self.encamina(*command, "--json").stdout.splitlines()]

    def deliveries(self, *options: str) -> list[dict[str, Any]]:
        """Recorded deliveries, all of them."""
        return self.lines("deliveries", "--limit", "1000000", *options)

    def settled(self, expected: int, within_s: float = START_WITHIN_S) -> list[dict[str, Any]]:
        """The deliveries, once there are ``expected`` and none of them moves any more.

        Those to the shop's own store are left out: most tests are about vendors.
        """

        def done() -> list[dict[str, Any]] | None:
            if self._moves(expected):
                return None
            found = [one for one in self.deliveries() if one["destination"] != "store"]
            moving = {"waiting", "retrying", "paused"}
            still = [one for one in found if one["state"] in moving]
            return found if len(found) >= expected and not still else None

        return wait_until(done, within_s)

    def _moves(self, expected: int) -> bool:
        """Whether the file shows that it is too early for a command, which costs half a second."""
        rows = self.in_file(
            "SELECT count(*), total(state IN ('waiting', 'retrying', 'paused'))"
            " FROM deliveries WHERE destination <> 'store'"
        )
        return any(count < expected or moving for count, moving in rows)

    def recorded(self, **like: str | int) -> int:
        """How many deliveries the file has with these columns; 0 while it can't be read."""
        wanted = " AND ".join(f"{name} = ?" for name in like) or "true"
        query = f"SELECT count(*) FROM deliveries WHERE {wanted}"
        return sum(count for (count,) in self.in_file(query, *like.values()))

    def in_file(self, query: str, *values: Any) -> list[Any]:
        """What the log's and the state's file gives while it is in use; none if it can't be read.

        For waiting: asking it takes a thousandth of what a command does.
        """
        file = (self.data / "encamina.db").resolve().as_uri()
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"{file}?mode=ro", uri=True)) as state,
        ):
            return state.execute(query, values).fetchall()
        return []


@contextmanager
def server_running(
    folder: Path, sandbox: Process, project: Path = ROOT, **env: str
) -> Iterator[Running]:
    """A server over ``project``, its data in ``folder``, delivering to ``sandbox``."""
    data = folder / "data"
    environment = clean_environment(
        ENCAMINA_VENDORS="sandbox",
        ENCAMINA_SANDBOX_URL=sandbox.url,
        ENCAMINA_PROJECT=str(project),
        ENCAMINA_DATA=str(data),
        **env,
    )
    with running(folder / "server.log", "/readyz", environment, "serve") as server:
        yield Running(server, sandbox, project, data, environment)
