"""A server for tests that don't disturb each other, and the published npm packages.

The packages are installed once and kept in the git-ignored ``.cache``.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT, sandbox_running, server_running

NODE = Path(__file__).parent / "node"
CACHE = ROOT / ".cache" / "node"
INSTALL_WITHIN_S = 300


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """A server with its sandbox that all tests of plain HTTP share."""
    folder = tmp_path_factory.mktemp("shop")
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox) as running:
        yield running


@pytest.fixture(scope="session")
def node_modules(request):
    """Where the packages are; None where no chosen test needs them, or they can't be had here."""
    if not any(item.get_closest_marker("needs_node") for item in request.session.items):
        return None
    if shutil.which("npm") is None:
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return installed()


@pytest.fixture(autouse=True)
def _node_where_it_is_needed(request):
    if request.node.get_closest_marker("needs_node") is None:
        return
    if request.getfixturevalue("node_modules") is None:
        missing = "the npm packages can't be had: npm is not there, or its registry out of reach"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


def installed():
    """The folder of packages as the lock file fixes them, None if they can't be fetched."""
    wanted = hashlib.sha256((NODE / "package-lock.json").read_bytes()).hexdigest()
    mark = CACHE / "installed"
    if not mark.exists() or mark.read_text() != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NODE / name, CACHE)
        command = ["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
        if subprocess.run(command, cwd=CACHE, timeout=INSTALL_WITHIN_S, check=False).returncode:
            return None
        mark.write_text(wanted)
    return CACHE / "node_modules"
