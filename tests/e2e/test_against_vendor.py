"""``dry-run --against-vendor`` as a person runs it, with the sandbox as the vendor."""

import json
import subprocess
import sys

import pytest

from tests.support.events import an_event
from tests.support.processes import ROOT, clean_environment, running

ORDER = json.dumps(an_event())
GA4 = ("--destination", "ga4", "--now", "2026-11-20T15:00:00Z")


def dry_run(*options, sandbox_url="http://127.0.0.1:9", stdin=ORDER, **env):
    environment = clean_environment(ENCAMINA_SANDBOX_URL=sandbox_url, **env)
    command = [sys.executable, "-m", "cli", "dry-run", "-", "--against-vendor", *options]
    return subprocess.run(
        command, cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    log = tmp_path_factory.mktemp("sandbox") / "log"
    with running(log, "/healthz", clean_environment(), "sandbox") as process:
        yield process.url


@pytest.mark.slow
def test_what_the_vendor_finds_is_shown_and_is_exit_code_1(sandbox):
    # To the sandbox, whose clock is the real one, a moment that is long past is too old.
    old = json.dumps(an_event(timestamp="2025-01-20T14:59:58Z"))

    done = dry_run(
        "--destination", "ga4", "--now", "2025-01-20T15:00:00Z", sandbox_url=sandbox, stdin=old
    )

    assert done.returncode == 1, done.stderr
    assert "vendor: Measurement timestamp_micros has timestamp too far in the past." in done.stdout
    assert f"sandbox: requests go to {sandbox}, none to a real vendor" in done.stderr
    assert "demo-gtm-api-secret" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_vendor_that_finds_nothing_says_so_in_json(sandbox):
    done = dry_run(
        "--destination", "gtm-data", "--json", *GA4[2:], sandbox_url=sandbox, GTM_DATA_PATH="/data"
    )

    [line] = done.stdout.splitlines()
    [destination] = json.loads(line)["destinations"]
    assert done.returncode == 0, done.stderr
    assert destination["vendor"] == {"asked": True, "problems": []}


@pytest.mark.slow
def test_a_vendor_that_cannot_be_reached_is_exit_code_2():
    done = dry_run(*GA4)

    assert done.returncode == 2
    assert "vendor not asked: no answer: the connection was refused" in done.stdout


@pytest.mark.slow
def test_a_destination_without_verify_is_told_and_is_no_fault():
    done = dry_run("--destination", "meta", *GA4[2:])

    assert done.returncode == 0, done.stderr
    assert "vendor not asked: destinations/meta.yaml has no verify:" in done.stdout
