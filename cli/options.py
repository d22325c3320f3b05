"""The options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

from engine.model.clock import Millis, from_iso, system_clock
from engine.model.errors import ProjectError

ProjectOption = Annotated[
    Path,
    typer.Option(
        "--project",
        envvar="ENCAMINA_PROJECT",
        help="The project's folder.",
        show_default="the current folder",
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="ENCAMINA_DATA",
        help="The folder of log and state.",
        show_default="data/ in the project",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for machines, one value a line.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="At most this many.")]
NowOption = Annotated[
    str | None,
    typer.Option("--now", metavar="TIMESTAMP", help="The moment it is.", show_default="now"),
]
HERE = Path()


def data_folder(project: Path, data: Path | None) -> Path:
    """The folder of log and state."""
    return data if data is not None else project / "data"


def moment(text: str | None) -> Millis:
    """The moment that ``--now`` names, else this one."""
    if text is None:
        return system_clock()
    if (found := from_iso(text)) is None:
        raise ProjectError(f'--now "{text}": expected a time such as 2026-11-20T12:00:00Z')
    return found
