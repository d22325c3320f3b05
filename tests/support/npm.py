"""Published npm packages, as a lock file fixes them, kept in the git-ignored ``.cache``."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.support.processes import ROOT

INSTALL_WITHIN_S = 300
COMMAND = ["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]


def packages(folder: Path, name: str) -> Path | None:
    """The ``node_modules`` of ``folder``'s lock file, None where they can't be had.

    They are installed once, into ``.cache/NAME``, also where several test runs ask for them.
    """
    if shutil.which("npm") is None:
        return None
    cache = ROOT / ".cache" / name
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _installed(folder, cache)


def _installed(folder: Path, cache: Path) -> Path | None:
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    mark = cache / "installed"
    if not mark.exists() or mark.read_text() != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, cache)
        if subprocess.run(COMMAND, cwd=cache, timeout=INSTALL_WITHIN_S, check=False).returncode:
            return None
        mark.write_text(wanted)
    return cache / "node_modules"
