"""Starter projects: the reference project's files, made ready to run on their own."""

from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("schemas", "rules", "destinations")
GITIGNORE = b"""# secrets and data stay out of version control
.env
/data/
"""


def starter_files(reference: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a starter project, as relative paths and content, from the reference project.

    ``.env`` starts as a copy of ``.env.example``, so that the project runs against the sandbox.
    """
    yield "encamina.yaml", (reference / "encamina.yaml").read_bytes()
    for folder in FOLDERS:
        for path in sorted((reference / folder).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(reference).as_posix(), path.read_bytes()
    example = (reference / ".env.example").read_bytes()
    yield ".env.example", example
    yield ".env", example
    yield ".gitignore", GITIGNORE
    yield "examples/shop-day.jsonl", shop_day(reference).read_bytes()


def shop_day(reference: Path) -> Path:
    """The example day: beside the installed reference project, or in a checkout's test data."""
    installed = reference / "shop-day.jsonl"
    return installed if installed.is_file() else reference / "tests" / "data" / "shop-day.jsonl"
