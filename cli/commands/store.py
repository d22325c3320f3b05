"""``encamina store``: what the analytics store keeps, and its answers."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli import imports
from cli.actions import actions
from cli.looks import settings_of
from cli.options import (
    HERE,
    DataOption,
    JsonOption,
    ProjectOption,
    SinceOption,
    UntilOption,
    data_folder,
    past,
)
from cli.output import err, out, plain, print_json, print_rows, print_table
from cli.tasks import run
from engine.model.clock import system_clock
from engine.model.errors import ProjectError
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.names import did_you_mean
from engine.project.env import read_env
from engine.server.analytics import look_into_analytics
from engine.sqlite.database import Databases
from engine.store.interface import Answer, Model
from engine.store.questions import QUESTIONS, Question, question, read_arguments

A_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
OPTIONS = {
    "limit": "--limit",
    "cursor": "--cursor",
    **dict.fromkeys(("from", "startDate", "start_date", "since"), "--since"),
    **dict.fromkeys(("to", "endDate", "end_date", "until"), "--until"),
}
"""What faces take by name, and this command as an option."""

app = actions(
    "store",
    "The analytics store: what it keeps, and what it answers.\n\n"
    "Example: encamina store ask popular-pages --since 7d",
)


@app.command("list")
def list_questions(
    project: ProjectOption = HERE, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List what can be asked, and how many documents there are.

    Example: encamina store list
    """
    counts = run(partial(_counts, project, data_folder(project, data)))
    if as_json:
        print_json({"documents": {model.value: count for model, count in counts.items()}})
        for one in QUESTIONS:
            print_json(_told(one))
        return
    print_table("", ["question", "takes", "tells"], (_cells(one) for one in QUESTIONS))
    kept = ", ".join(f"{count:,} {model.value}" for model, count in counts.items())
    out().print(f"\nDocuments: {plain(kept)}")


@app.command("ask")
def ask(
    name: Annotated[str, typer.Argument(metavar="QUESTION", help="One of `encamina store list`.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=]VALUE…", help="What the question takes, such as userId=7."),
    ] = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int | None, typer.Option(min=1, max=1000, help="At most so many.")] = None,
    cursor: Annotated[
        str | None, typer.Option(help="The next page: what the one before named.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the store, also beside a server that runs.

    Example: encamina store ask events-by-user userId=cli-10023 --limit 20
    """
    asked = _question(name)
    now = system_clock()
    begin, end = past(since, "--since", now), past(until, "--until", now)
    _check_taken(asked, {"--since": begin, "--until": end, "--limit": limit, "--cursor": cursor})
    if begin is not None and end is not None and begin >= end:
        raise ProjectError("--since is not before --until: nothing lies between them")
    given: dict[str, Json] = {**_given(asked, arguments or [])}
    given |= {"from": begin, "to": end, "limit": limit, "cursor": cursor}
    answer = run(partial(_ask, project, data_folder(project, data), asked, given))
    if as_json:
        rows = answer.value if isinstance(answer.value, list) else [answer.value]
        for one in rows:
            print_json(one)
    else:
        _show(answer.value)
    if answer.cursor is not None:
        err().print(f"[dim]There are more: --cursor {plain(answer.cursor)}[/]")


@app.command("import")
def import_documents(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            envvar="ENCAMINA_IMPORT_URL",
            help="Where they are: mongodb://HOST/DATABASE.",
        ),
    ],
    project: ProjectOption = HERE,
    data: DataOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what there is, and write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take over the documents of another analytics module; sends nothing.

    Example: encamina store import mongodb://127.0.0.1/shop --dry-run
    """
    if dry_run:
        imports.count(url, project, as_json=as_json)
    else:
        imports.take_over(url, project, data_folder(project, data), as_json=as_json)


async def _counts(project: Path, folder: Path) -> Mapping[Model, int]:
    spec = settings_of(project, folder)
    async with Databases(folder, look_only=True) as files:
        store = await look_into_analytics(spec, read_env(project)[0], files)
        return await store.count()


async def _ask(project: Path, folder: Path, asked: Question, given: Mapping[str, Json]) -> Answer:
    arguments = read_arguments(asked, given)
    spec = settings_of(project, folder)
    async with Databases(folder, look_only=True) as files:
        store = await look_into_analytics(spec, read_env(project)[0], files)
        return await store.ask(arguments)


def _question(name: str) -> Question:
    found = question(name.replace("-", "_"))
    if found is None:
        names = [_shown(one) for one in QUESTIONS]
        hint = did_you_mean(name, names) or "`encamina store list` lists them"
        raise ProjectError(f'no question "{name}"; {hint}')
    return found


def _check_taken(asked: Question, given: Mapping[str, Json]) -> None:
    """Pass where the question takes every option that was given."""
    fits = {"--limit": asked.limited, "--cursor": asked.pages}
    for option, value in given.items():
        if value is not None and not fits.get(option, asked.dated):
            raise ProjectError(f"{_shown(asked)} takes no {option}")


def _given(asked: Question, arguments: Sequence[str]) -> dict[str, str]:
    """The arguments by name; one that names none is the first that the question takes."""
    given: dict[str, str] = {}
    for one in arguments:
        name, value = _argument(asked, one)
        if name in given:
            raise ProjectError(f"{_shown(asked)} takes {_names(asked)}, found {one!r} too")
        given[name] = value
    return given


def _argument(asked: Question, one: str) -> tuple[str, str]:
    """The parameter that an argument is for, and its value."""
    name, equals, value = one.partition("=")
    for known in asked.parameters if equals else ():
        if name in (known.name, *known.aliases):
            return known.name, value
    if equals and A_NAME.fullmatch(name):
        raise ProjectError(f'{_shown(asked)} takes no "{name}"; {_instead(asked, name, one)}')
    if not asked.parameters:
        raise ProjectError(f"{_shown(asked)} takes no argument, found {one!r}")
    return asked.parameters[0].name, one


def _instead(asked: Question, name: str, one: str) -> str:
    """What was meant by a name that the question doesn't take, as far as can be told."""
    if option := OPTIONS.get(name):
        return f"use {option}"
    if not asked.parameters:
        return "it takes no argument"
    known = [one.name for one in asked.parameters]
    meant = did_you_mean(name, known) or f"it takes {_names(asked)}"
    return f"{meant} (a value with an equals sign is written {known[0]}={one})"


def _names(asked: Question) -> str:
    return " and ".join(one.name for one in asked.parameters)


def _shown(one: Question) -> str:
    return one.name.replace("_", "-")


def _cells(one: Question) -> tuple[str, str, str]:
    takes = [known.name if known.required else f"[{known.name}]" for known in one.parameters]
    return _shown(one), " ".join(takes), one.doc


def _told(one: Question) -> Body:
    return {
        "question": _shown(one),
        "path": one.path,
        "pattern": one.pattern,
        "takes": [known.name for known in one.parameters],
        "doc": one.doc,
    }


def _show(value: Json) -> None:
    """A list of objects as a table; of an object, its plain values and then each of its lists."""
    if isinstance(value, list):
        _show_rows("", value)
        return
    body = as_body(value)
    plain_values = {name: one for name, one in body.items() if not isinstance(one, list | dict)}
    if plain_values:
        _show_rows("", [plain_values])
    for name, one in body.items():
        if isinstance(one, list):
            _show_rows(name, one)
        elif isinstance(one, dict):
            _show_rows(name, [one])


def _show_rows(title: str, rows: Sequence[Json]) -> None:
    print_rows(title, [{name: _cell(one) for name, one in as_body(row).items()} for row in rows])


def _cell(value: Json) -> str:
    """A value whole: texts, numbers and money as people write them, their lists; others as JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case float() if value.is_integer():
            return str(int(value))
        case {"currency": str(currency), "value": int() | float() as amount, **more} if not more:
            return f"{_cell(amount)} {currency}"
        case list() if all(_stands_alone(one) for one in value):
            return ", ".join(map(_cell, value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _stands_alone(value: Json) -> bool:
    is_money = isinstance(value, dict) and value.keys() == {"currency", "value"}
    return is_money or not isinstance(value, list | dict)
