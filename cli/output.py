"""What every command prints with: tables, JSON lines, findings, and the exit codes."""

import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from engine.model.finding import Finding, Severity
from engine.model.jsonvalue import Json
from engine.model.visible import visible

WIDE = 240
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}

OPENS = re.compile(r"(\\*)\[")
LAST = re.compile(r"\\+\Z")


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    FINE = 0
    FINDINGS = 1
    COULD_NOT_RUN = 2


class _Shown(Console):
    """A console that no text can steer: what a terminal would obey is spelt out.

    Lines may end in it; in data that stands within a line, ``plain`` spells ends of lines too.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does."""
        super().print(*(_visible_lines(one) for one in objects), **options)


def out() -> Console:
    """The console for what was asked for; without a terminal it writes plain text, uncut."""
    return _Shown(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """The console for everything else."""
    return _Shown(stderr=True, highlight=False, emoji=False, soft_wrap=not sys.stderr.isatty())


def _visible_lines(one: object) -> object:
    return "\n".join(map(visible, one.split("\n"))) if isinstance(one, str) else one


def print_json(value: Json) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def print_findings(findings: Iterable[Finding]) -> None:
    """One line a finding, its place first, the hint below."""
    console = err()
    for one in findings:
        colour = COLOURS[one.severity]
        console.print(
            f"[bold]{plain(str(one.place))}[/] [{colour}]{one.code}[/] {plain(one.message)}"
        )
        if one.hint:
            console.print(f"    [dim]{plain(one.hint)}[/]")


def say_if_cut(listed: int, limit: int) -> None:
    """A word on standard error where a list ends at its limit and may not be whole."""
    if listed >= limit:
        err().print(f"[dim]The newest {limit}; --limit N shows more.[/]")


def plain(text: str) -> str:
    """The text ``visible``, and so that rich sees no mark-up in it: for all that is data."""
    text = OPENS.sub(r"\1\1\\[", visible(text))
    # A last backslash would make text of our own mark-up behind it.
    return LAST.sub(lambda found: found[0] * 2, text)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Iterable[object]], *, numbers: int = 0
) -> None:
    """A table; the last ``numbers`` columns are set to the right."""
    table = _table(title)
    for index, column in enumerate(columns):
        side: JustifyMethod = "right" if index >= len(columns) - numbers else "left"
        table.add_column(plain(column), justify=side, style="", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    if not table.row_count:
        err().print("[dim]There are none.[/]")
    _print_table(table)


def print_rows(title: str, rows: Sequence[Mapping[str, str]]) -> None:
    """A table of all that the rows have; one row under the other where that is too wide to read."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    widths = [max(len(one), *(len(row.get(one, "")) for row in rows)) + 1 for one in columns]
    console = out()
    if sum(widths) <= (console.width if console.is_terminal else WIDE):
        print_table(title, columns, ([row.get(one, "") for one in columns] for row in rows))
        return
    table = _table(title)
    table.show_header = False
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for number, row in enumerate(rows):
        if number:
            table.add_row()
        for name, value in row.items():
            table.add_row(plain(name), Text(visible(value)))
    _print_table(table)


def _table(title: str) -> Table:
    table = Table(title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.title = plain(title)
    return table


def _print_table(table: Table) -> None:
    console = out()
    if console.is_terminal:
        console.print(table)
        return
    # Wide, uncut and without the blanks that fill a column, for pipes and files.
    text = io.StringIO()
    Console(highlight=False, width=WIDE, file=text).print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
