"""A disk that fills, is full, or can't be written: nothing accepted is lost, and it recovers."""

import os
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from engine.log.open import DAY_MS, LogSettings, open_log
from engine.model.clock import FrozenClock
from engine.model.errors import StorageError
from engine.sqlite.database import Databases
from tests.support.events import NOW, a_logged_event, an_event
from tests.support.processes import ROOT, a_project, sandbox_running, server_running, wait_until

MIB = 2**20
FREE = 16 * MIB


@contextmanager
def a_small_disk(folder, size_mib=64):
    """A file system of its own; only the system's administrator can mount one."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def left(folder):
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


@contextmanager
def filled_but(folder, bytes_left):
    """The disk with only so much room left, while the block lasts."""
    ballast = folder / "ballast"
    part = max(0, left(folder) - bytes_left)
    with ballast.open("ab") as file:
        while part >= 4096:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), part)
            except OSError:
                part //= 2
            else:
                part = min(part, max(0, left(folder) - bytes_left))
    assert left(folder) <= bytes_left + 4096
    try:
        yield
    finally:
        ballast.unlink()


def some_events(name, count):
    return [
        an_event("Order Completed", messageId=f"{name}-{n}", timestamp=...) for n in range(count)
    ]


@pytest.fixture
def shop(tmp_path):
    project = a_project(tmp_path)
    settings = project / "encamina.yaml"
    settings.write_text(f"{settings.read_text()}\ndisk: {{ free: 16MiB }}\n")
    with (
        a_small_disk(tmp_path / "disk"),
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path / "disk", sandbox, project) as running,
    ):
        yield running


@pytest.mark.slow
def test_nearly_full_is_refused_before_anything_fails_and_taken_again_after(shop):
    disk = shop.data.parent
    told = [shop.post(some_events("before", 50)).json()["accepted"]]

    with filled_but(disk, FREE - MIB):
        refused = wait_until(lambda: (one := shop.post(some_events("full", 1))).is_error and one)
        metrics = httpx.get(f"{shop.server.url}/metrics").text
    wait_until(lambda: shop.post(some_events("after", 50)).is_success)

    assert told == [50]
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "30"
    assert refused.json()["code"] == "disk_nearly_full"
    assert "encamina_ingest_refusing 1.0" in metrics
    kept = {one["event"]["messageId"] for one in shop.lines("events", "--limit", "1000")}
    assert {f"before-{n}" for n in range(50)} | {f"after-{n}" for n in range(50)} <= kept
    assert "events refused for room" in shop.server.said()
    assert "events taken again" in shop.server.said()


@pytest.mark.slow
def test_full_to_the_last_byte_loses_nothing_that_was_accepted(shop):
    disk = shop.data.parent
    accepted, answers = set(), set()

    def send(name, count):
        answer = shop.post(some_events(name, count))
        answers.add(answer.status_code)
        if answer.is_success:
            accepted.update(f"{name}-{n}" for n in range(count))
        return answer

    send("before", 50)
    with filled_but(disk, 0):
        for number in range(60):
            send(f"full{number}", 100)
    assert wait_until(lambda: send("after", 50).is_success)

    kept = {one["event"]["messageId"] for one in shop.lines("events", "--limit", "100000")}
    assert answers == {200, 503}
    assert accepted <= kept
    # Deliveries went on, or go on by themselves.
    wait_until(lambda: "after-49" in " ".join(map(str, shop.accepted("meta"))), 60)
    assert "Traceback" not in shop.server.said()


@pytest.mark.slow
def test_a_disk_that_is_mounted_read_only_is_refused_at_start_in_words(tmp_path):
    with a_small_disk(tmp_path / "disk", 8) as disk:
        (disk / "data").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        env = {**os.environ, "ENCAMINA_PROJECT": str(a_project(tmp_path))}
        done = {
            command: subprocess.run(
                [sys.executable, "-m", "cli", command, "--data", str(disk / "data")],
                cwd=ROOT,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            for command in ("serve", "doctor")
        }

    assert done["serve"].returncode == 2
    assert "Read-only file system" in done["serve"].stderr
    assert "Traceback" not in done["serve"].stderr
    assert done["doctor"].returncode == 1
    assert "can't be written" in done["doctor"].stdout


@pytest.mark.trio
async def test_a_file_that_turns_read_only_while_it_runs_is_told_and_taken_up_again(tmp_path):
    async with Databases(tmp_path) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(FrozenClock(NOW), DAY_MS))
        writer = (await files.get("kept.db")).writer

        # The same refusal that SQLite gives where the disk has become read-only.
        writer._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(StorageError, match="may not be written"):
            await log.append([a_logged_event(1)])
        writer._connection.execute("PRAGMA query_only = OFF")

        assert await log.append([a_logged_event(1), a_logged_event(2)]) == [1, 2]
