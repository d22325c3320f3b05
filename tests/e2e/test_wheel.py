"""The built wheel, installed away from the checkout, is all that a user needs."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.events import an_event
from tests.support.processes import ROOT, clean_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the installed wheel and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    built = [*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run(built, check=True, timeout=120)
    [wheel] = folder.glob("*.whl")
    target = folder / "site"
    subprocess.run(
        [*pip, "install", str(wheel), "--no-deps", "--target", str(target)], check=True, timeout=120
    )
    return target


def encamina(installed, folder, *command, stdin=""):
    env = clean_environment(PYTHONPATH=str(installed), PYTHONSAFEPATH="1")
    return subprocess.run(
        [sys.executable, "-m", "cli", *command],
        cwd=folder,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_init_validate_and_dry_run_work_from_an_installed_wheel(installed, tmp_path):
    made = encamina(installed, tmp_path, "init", "shop")
    shop = tmp_path / "shop"
    validated = encamina(installed, shop, "validate", "--strict", "--json")
    dry = encamina(
        *(installed, shop, "dry-run", "-", "--json", "--now", "2026-11-20T15:00:00Z"),
        stdin=json.dumps(an_event()),
    )

    assert made.returncode == 0, made.stderr
    assert json.loads(validated.stdout) == {"ok": True, "findings": []}
    destinations = json.loads(dry.stdout)["destinations"]
    assert {one["destination"] for one in destinations} > {"meta", "ga4", "gtm", "posthog"}


def test_the_wheel_is_read_from_itself(installed, tmp_path):
    code = "import engine.project.layout as l; print(l.reference_root())"
    env = clean_environment(PYTHONPATH=str(installed), PYTHONSAFEPATH="1")

    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()

    assert found == os.fspath(installed / "engine" / "reference")
