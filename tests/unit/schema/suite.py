"""The official JSON Schema test suite, as the source package of jsonschema carries it."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CACHE = Path(__file__).parents[3] / ".cache"
DRAFT = "json/tests/draft2020-12"
REMOTES = "json/remotes"


class Case(NamedTuple):
    """One value and whether the suite says that it meets the schema."""

    name: str
    schema: Any
    value: Any
    valid: bool


def suite_folder() -> Path:
    """The unpacked source package, obtained once; skips where it can't be had, but fails in CI."""
    name = f"jsonschema-{version('jsonschema')}"
    folder = CACHE / name
    if not (folder / DRAFT).is_dir():
        try:
            _obtain(name)
        except (OSError, subprocess.SubprocessError) as fault:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"the source package of jsonschema could not be had: {fault}")
    return folder


def _obtain(name: str) -> None:
    CACHE.mkdir(exist_ok=True)
    requirement = name.replace("-", "==")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--retries", "1"),
            *("--no-deps", "--no-binary", "jsonschema", "--dest", str(CACHE), requirement),
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    with tarfile.open(CACHE / f"{name}.tar.gz") as archive:
        archive.extractall(CACHE, filter="data")


def cases(folder: Path) -> Iterator[Case]:
    """Every case of the draft, its optional ones too; formats are remarks to us, so not theirs."""
    root = folder / DRAFT
    for path in sorted([*root.glob("*.json"), *root.glob("optional/*.json")]):
        file = path.relative_to(root).as_posix().removesuffix(".json")
        for group in json.loads(path.read_text("utf-8")):
            for one in group["tests"]:
                name = f"{file} | {group['description']} | {one['description']}"
                yield Case(name, group["schema"], one["data"], one["valid"])


def remotes(folder: Path) -> dict[str, Any]:
    """The documents that the suite expects at an address of their own."""
    root = folder / REMOTES
    return {
        f"http://localhost:1234/{path.relative_to(root).as_posix()}": json.loads(
            path.read_text("utf-8")
        )
        for path in sorted(root.rglob("*.json"))
    }
