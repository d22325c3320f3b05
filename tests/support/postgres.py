"""A PostgreSQL server of our own: a free port, its data in a folder that goes at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from tests.support.processes import free_port

START_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
USER, PASSWORD = "encamina", "p@ss word/1"
"""A password whose characters must be escaped in a URL."""

_PASSWORD_IN_URL = "p%40ss%20word%2F1"
# Nothing here must survive a crash of the machine, only one of the server. That commits don't wait
# by default is what a hasty administrator may have set: ours have to all the same.
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=40")


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, the newest that is installed; None without."""
    found = [
        (int(path.parts[-3]), path.parent)
        for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")
    ]
    if found:
        return max(found)[1]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@dataclass
class PostgresServer:
    """A running server; each test takes a schema of its own from it."""

    port: int
    folder: Path
    binaries: Path
    process: subprocess.Popen[bytes] | None = None
    made: int = 0

    def new_url(self) -> str:
        """The URL of a place where nothing is yet: a schema, made in a moment."""
        self.made += 1
        return f"{self.url}?schema=shop{self.made}"

    @property
    def url(self) -> str:
        """The URL of the server's database."""
        return f"postgresql://{USER}:{_PASSWORD_IN_URL}@127.0.0.1:{self.port}/postgres"

    def stop(self) -> None:
        """As if the server had died; ``start`` brings it back with all that was committed."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # PostgreSQL's "immediate"
            self.process.wait(STOP_WITHIN_S)
            self.process = None

    def start(self) -> None:
        """Start it on its port, and wait until it answers."""
        listening = ("listen_addresses=127.0.0.1", f"port={self.port}")
        settings = (*listening, f"unix_socket_directories={self.folder}", *_SETTINGS)
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data")]
        for setting in settings:
            command += ["-c", setting]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*ending_with_us("QUIT"), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                **_as_owner(self.folder),
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


@contextmanager
def postgres_running() -> Iterator[PostgresServer]:
    """A server for the block; skips the test where PostgreSQL isn't installed, but not on CI."""
    binaries = programs()
    if binaries is None:
        without("PostgreSQL", "apt-get install postgresql")
    with TemporaryDirectory(prefix="encamina-postgres-", ignore_cleanup_errors=True) as name:
        server = PostgresServer(free_port(), Path(name), binaries)
        _initialise(server)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def without(what: str, how: str) -> None:
    """Skip on a laptop, fail on CI: there the server is to be had."""
    text = f"{what} is not installed ({how})"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


def ending_with_us(sig: str) -> list[str]:
    """What a command begins with so that it ends with this process, even one that is killed."""
    return ["setpriv", "--pdeathsig", sig] if shutil.which("setpriv") else []


def _as_owner(folder: Path) -> dict[str, Any]:
    """How to start a process as who owns ``folder``: PostgreSQL refuses to run as root."""
    owner = folder.stat().st_uid
    if owner == os.getuid():
        return {}
    return {"user": owner, "group": pwd.getpwuid(owner).pw_gid, "extra_groups": []}


def _run(folder: Path, *command: str) -> None:
    with (folder / "log").open("ab") as log:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            timeout=90,
            check=False,
            **_as_owner(folder),
        )
    if done.returncode:
        said = (folder / "log").read_text()
        raise AssertionError(f"{command} ended with {done.returncode}:\n{said}")


def _initialise(server: PostgresServer) -> None:
    secret = server.folder / "password"
    secret.write_text(PASSWORD)
    if os.getuid() == 0:
        someone = pwd.getpwnam("nobody")
        for path in (server.folder, secret):
            os.chown(path, someone.pw_uid, someone.pw_gid)
    _run(
        server.folder,
        str(server.binaries / "initdb"),
        *("--pgdata", str(server.folder / "data"), "--username", USER, "--pwfile", str(secret)),
        # A locale that sorts otherwise than bytes do, where there is one: our answers must not.
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"),
        *("--locale-provider", "icu", "--icu-locale", "es", "--locale", "C.UTF-8"),
    )
