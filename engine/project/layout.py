"""What a project's folders are called, which of their files are read, and our own project."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.model.document import Place
from engine.model.errors import ProjectError
from engine.model.finding import Finding, warning

SETTINGS = "encamina.yaml"
SCHEMAS = "schemas"
CONFIG = "schemas/config"
DESTINATIONS = "destinations"
RULES = "rules"
INBOUND = "rules/inbound"
DERIVED = "rules/derived"

YAML = (".yaml", ".yml")
JSON = (".json",)
NOTES = (".md", ".txt")
BACKUPS = (".bak", ".orig", ".swp", ".tmp", "~")


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of a project, relative to its root, each folder's by name.

    ``findings`` warn of files that nobody reads.
    """

    root: Path
    schemas: tuple[str, ...]
    destinations: tuple[str, ...]
    rules: tuple[str, ...]
    inbounds: tuple[str, ...]
    derived: tuple[str, ...]
    findings: tuple[Finding, ...]


def layout_of(root: Path) -> Layout:
    """The files in ``root``; raises ``ProjectError`` where there is no project."""
    if not root.is_dir():
        raise ProjectError(f"there is no folder {root}; run `encamina init {root}` to make one")
    if not (root / SETTINGS).is_file():
        raise ProjectError(
            f"there is no {SETTINGS} in {root}; run `encamina init DIR` for a new project, "
            "or name the folder of one with --project"
        )
    schemas = [one for one in _files(root, SCHEMAS, deep=True) if not one.startswith(f"{CONFIG}/")]
    destinations = list(_files(root, DESTINATIONS))
    rules = list(_files(root, RULES))
    inbounds = list(_files(root, INBOUND))
    derived = list(_files(root, DERIVED))
    return Layout(
        root,
        _with_ending(schemas, (*YAML, *JSON)),
        _with_ending(destinations, YAML),
        _with_ending(rules, YAML),
        _with_ending(inbounds, YAML),
        _with_ending(derived, YAML),
        (
            *_unread(schemas, (*YAML, *JSON)),
            *_unread([*destinations, *rules, *inbounds, *derived], YAML),
        ),
    )


def reference_root() -> Path:
    """The folder of the reference project: of this checkout, or within the installed package."""
    engine = Path(__file__).parents[1]
    for folder in (engine / "reference", engine.parent):
        if (folder / SETTINGS).is_file() and (folder / CONFIG).is_dir():
            return folder
    raise ProjectError("the files that come with Encamina are missing; install it again")


def _files(root: Path, folder: str, *, deep: bool = False) -> Iterator[str]:
    """The files of a folder, by name, without hidden ones and what editors leave behind."""
    found = (root / folder).rglob("*") if deep else (root / folder).glob("*")
    for path in sorted(found, key=lambda one: one.relative_to(root).as_posix()):
        relative = path.relative_to(root)
        if any(part.startswith((".", "#")) for part in relative.parts):
            continue
        if path.is_file() and not path.name.endswith(BACKUPS):
            yield relative.as_posix()


def _with_ending(files: list[str], endings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(file for file in files if file.endswith(endings))


def _unread(files: list[str], endings: tuple[str, ...]) -> Iterator[Finding]:
    for file in files:
        if not file.endswith((*endings, *NOTES)):
            yield warning(
                "W150",
                Place(file),
                f"this file is not read: its name does not end with {' or '.join(endings)}",
                "rename it, or keep it elsewhere",
            )
