"""FerretDB, a server of MongoDB's wire protocol, built from its Go module and run over SQLite.

mongod itself isn't free software and in no registry that the tests may use; FerretDB speaks the
same protocol to the same client library. What it can't do, our engine doesn't use.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pymongo
import pytest
from pymongo.errors import PyMongoError

from tests.support.postgres import ending_with_us
from tests.support.processes import ROOT, free_port

SOURCE = Path(__file__).parent / "ferretdb"
GO = shutil.which("go", path=f"/usr/local/go/bin:{os.environ.get('PATH', '')}")
BUILD_WITHIN_S = 600
START_WITHIN_S = 30.0


def program() -> Path | None:
    """FerretDB, built once for each state of its sources into ``.cache``; None without Go."""
    if GO is None:
        return None
    cache = ROOT / ".cache" / "ferretdb"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _built(cache)


def _built(cache: Path) -> Path | None:
    sources = b"".join((SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum"))
    built = cache / f"ferretdb-{hashlib.sha256(sources).hexdigest()[:12]}"
    if built.exists():
        return built
    half = cache / "half-built"
    command = [GO, "build", "-o", str(half), "."]
    if subprocess.run(command, cwd=SOURCE, timeout=BUILD_WITHIN_S, check=False).returncode:
        return None
    return half.rename(built)


def main() -> int:
    """Build it, so that no test has to wait: some minutes the first time."""
    return 0 if program() else 1


@dataclass
class FerretServer:
    """A running server; each test takes a database of its own from it."""

    port: int
    folder: Path
    binary: Path
    process: subprocess.Popen[bytes] | None = None
    made: int = 0

    def new_url(self) -> str:
        """The URL of a new, empty database."""
        self.made += 1
        return f"mongodb://127.0.0.1:{self.port}/shop{self.made}?serverSelectionTimeoutMS=1000"

    @contextmanager
    def client(self, url: str) -> Iterator[Any]:
        """The database at ``url`` as the shop's own services see it."""
        with pymongo.MongoClient[dict[str, Any]](url, tz_aware=True) as client:
            yield client.get_default_database()

    def stop(self) -> None:
        """As if the server had died; ``start`` brings it back."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def start(self) -> None:
        """Start it on its port, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *ending_with_us("KILL"),
                    str(self.binary),
                    f"127.0.0.1:{self.port}",
                    str(self.folder),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        url = f"mongodb://127.0.0.1:{self.port}/?serverSelectionTimeoutMS=500"
        with pymongo.MongoClient[dict[str, Any]](url) as client:
            while True:
                try:
                    client.admin.command("ping")
                except PyMongoError:
                    if time.monotonic() > deadline:
                        raise AssertionError((self.folder / "log").read_text()) from None
                    time.sleep(0.05)
                else:
                    return


@contextmanager
def ferretdb_running() -> Iterator[FerretServer]:
    """A server for the block; skips the test where there is no Go that can build it."""
    binary = program()
    if binary is None:
        pytest.skip("FerretDB is not built (install Go 1.24 or newer)")
    with TemporaryDirectory(prefix="encamina-ferretdb-", ignore_cleanup_errors=True) as name:
        server = FerretServer(free_port(), Path(name), binary)
        server.start()
        try:
            yield server
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
