"""The options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

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
HERE = Path()


def data_folder(project: Path, data: Path | None) -> Path:
    """The folder of log and state."""
    return data if data is not None else project / "data"
