"""Changes to all that a filter finds: counted first, then asked about, then made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from cli.control import changing
from cli.filters import make_sure
from cli.output import Exit, err, plain, print_json
from cli.tasks import run
from engine.model.jsonvalue import Body


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change of that name, with what it is asked with."""

    name: str
    asked: Body
    project: Path
    folder: Path


def change_filtered(
    wanted: Wanted, count: Callable[[], Awaitable[int]], question: str, *, yes: bool
) -> Body:
    """What became of the change, if a person agrees to the ``question`` with its count."""
    if not yes and (number := run(count)):
        make_sure(question.format(f"{number:,}"))
    return run(partial(_change, wanted))


def say_if_none(wanted: Wanted, done: Body, where: str, *, as_json: bool) -> None:
    """Exit with 1 where an event was named that the change found nothing of.

    A filter may well find nothing.
    """
    message_id = wanted.asked.get("message_id")
    if message_id is not None and not any(done.values()):
        if as_json:
            print_json(done)
        err().print(f"{where} {plain(str(message_id))}; `encamina explain` tells its fate")
        raise typer.Exit(Exit.FINDINGS)


async def _change(wanted: Wanted) -> Body:
    async with changing(wanted.project, wanted.folder) as change:
        return await change(wanted.name, wanted.asked)
