"""The options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

from engine.model.clock import Millis, from_iso, system_clock
from engine.model.errors import ProjectError
from engine.project.units import parse_duration

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
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Only from then on: 2d (ago), 90m, a timestamp."),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Only before then; as --since.")
]
FollowOption = Annotated[
    bool, typer.Option("--follow", help="Go on with what comes and changes, until Ctrl-C.")
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


def past(text: str | None, option: str, now: Millis) -> Millis | None:
    """The moment that ``--since`` or ``--until`` names: so long before ``now``, or a timestamp."""
    if text is None:
        return None
    if (found := from_iso(text)) is not None:
        return found
    try:
        return Millis(now - parse_duration(text))
    except ValueError:
        raise ProjectError(
            f'{option} "{text}": expected how long ago, such as 90m or 2d, '
            "or a time such as 2026-11-20T12:00:00Z"
        ) from None
