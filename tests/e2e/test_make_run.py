"""What ``make run`` does, from the first line to Ctrl-C."""

import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from tests.support.processes import ROOT, clean_environment, free_port, wait_until

pytestmark = pytest.mark.slow


def test_it_shows_the_day_stays_up_says_where_to_look_and_stops_on_ctrl_c(tmp_path):
    server, sandbox = (f"127.0.0.1:{free_port()}" for _ in range(2))
    env = clean_environment(
        ENCAMINA_RUN_LISTEN=server,
        ENCAMINA_RUN_SANDBOX=sandbox,
        ENCAMINA_VENDORS="live",
        ENCAMINA_RUN_DATA=str(tmp_path / "data"),
    )
    log = tmp_path / "run.log"
    with log.open("w") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "cli.demo"], cwd=ROOT, env=env, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: run.poll() is not None or "Ctrl-C stops." in log.read_text(), 90)
        said = log.read_text()
        assert run.poll() is None, said
        ready = httpx.get(f"http://{server}/readyz").json()
        [curl] = re.findall(r"(curl .*)", said)
        taken = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True)
    finally:
        run.send_signal(signal.SIGINT)
        code = run.wait(30)

    assert ready["vendors"] == "sandbox"
    assert '"accepted":1' in taken.stdout
    assert re.search(r"received +330\n", said)
    assert re.search(r"quarantined +8 +properties\.products: is text", said)
    for destination in ("ga4", "gtm", "meta", "posthog"):
        assert re.search(rf"{destination} .* 32\d\n", said)
    assert code == 0, log.read_text()
    assert log.read_text().endswith("Stopped.\n")
    for address in (server, sandbox):
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://{address}/healthz")


def test_an_address_that_is_taken_is_told_and_leaves_nothing_behind(tmp_path):
    port = free_port()
    env = clean_environment(
        ENCAMINA_RUN_LISTEN=f"127.0.0.1:{free_port()}",
        ENCAMINA_RUN_SANDBOX=f"127.0.0.1:{port}",
        ENCAMINA_RUN_DATA=str(tmp_path / "data"),
    )
    holder = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        env=os.environ,
    )
    try:
        wait_until(lambda: _listens(port))
        done = subprocess.run(
            [sys.executable, "-m", "cli.demo"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        holder.terminate()
        holder.wait()

    assert done.returncode == 2
    assert "listens on" in done.stderr
    assert "ENCAMINA_RUN_SANDBOX" in done.stderr
    assert "Traceback" not in done.stderr


def _listens(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
    except httpx.TransportError:
        return False
