"""The filters that commands over dead letters and quarantine share, and asking before a change."""

import sys
from typing import Annotated

import typer

from cli.options import past
from cli.output import err
from engine.model.clock import system_clock, to_iso
from engine.model.errors import ProjectError
from engine.model.jsonvalue import Body

MessageArgument = Annotated[
    str | None, typer.Argument(metavar="[MESSAGE_ID]", help="Only of this event.")
]
DestinationOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only at this destination; may be a glob.")
]
SourceOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only of this source.")]
RuleOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only by this rule; may be a glob.")
]
EventOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only events of this name; may be a glob.")
]
ReasonOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Only with this in the reason; may be a glob.")
]
AllOption = Annotated[bool, typer.Option("--all", help="All there are.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]
ByReasonOption = Annotated[
    bool, typer.Option("--by-reason", help="Only count, by reason; ids and numbers are folded.")
]


def id_of(text: str | None) -> str | None:
    """The message id that was given, if one was; an empty one would be no filter at all."""
    if text == "":
        raise ProjectError("the message id is empty; give the event's messageId")
    return text


def asked_of(*, everything: bool = False, **filters: str | None) -> Body:
    """The filters as a change is asked with: those that were given, times as moments."""
    id_of(filters.get("message_id"))
    asked: dict[str, str | bool] = {name: text for name, text in filters.items() if text}
    for name in ("since", "until"):
        if (moment := past(filters.get(name), f"--{name}", system_clock())) is not None:
            asked[name] = to_iso(moment)
    return {**asked, "all": True} if everything else asked


def make_sure(question: str) -> None:
    """Go on if a person says so; where nobody can be asked, ``--yes`` has to say it."""
    if not sys.stdin.isatty():
        raise ProjectError(f"{question} Nobody can be asked here; give --yes")
    if not typer.confirm(question, err=True):
        err().print("Nothing was changed.")
        raise typer.Exit
