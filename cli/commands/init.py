"""``encamina init``: a working starter project."""

from pathlib import Path
from typing import Annotated

import typer

from cli.output import out, plain
from engine.authoring.scaffold import starter_files
from engine.model.errors import ProjectError
from engine.project import env
from engine.project.layout import reference_root


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Write a working starter project: the reference rules and destinations, and demo values.

    Example: encamina init shop && cd shop && encamina validate
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(f"{folder} is not empty; name a new folder, nothing was written")
    written = 0
    for name, data in starter_files(reference_root()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if name == env.FILE:
            path.chmod(0o600)  # secrets will stand in it
        written += 1
    _say_next(folder, written)


def _say_next(folder: Path, written: int) -> None:
    console = out()
    console.print(f"Wrote {written} files to {plain(str(folder))}. Next:")
    for command, what in (
        (f"cd {folder}", ""),
        ("encamina validate", "every file is checked"),
        ("encamina sandbox &", "stands in for the vendors"),
        ("encamina serve &", "takes events on 127.0.0.1:8080"),
        ("encamina send examples/shop-day.jsonl --redate", "a shop's day"),
        ("encamina deliveries --summary", "what became of it"),
    ):
        console.print(f"  {plain(command):<50}[dim]{what}[/]")
