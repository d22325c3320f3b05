"""What every command prints with: tables, JSON lines, findings, and the exit codes."""

import io
import json
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum

from rich.console import Console
from rich.table import Table

from engine.model.finding import Finding, Severity
from engine.model.jsonvalue import Json

WIDE = 240
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    FINE = 0
    FINDINGS = 1
    COULD_NOT_RUN = 2


def out() -> Console:
    """The console for what was asked for; without a terminal it writes plain text, uncut."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """The console for everything else."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


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
    """Text in which rich sees no mark-up."""
    return text.replace("[", r"\[")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Iterable[object]], *, numbers: int = 0
) -> None:
    """A table; the last ``numbers`` columns are set to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        right = index >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", style="", overflow="fold")
    for row in rows:
        table.add_row(*(plain(str(cell)) for cell in row))
    if not table.row_count:
        err().print("[dim]There are none.[/]")
    console = out()
    if console.is_terminal:
        console.print(table)
        return
    # Wide, uncut and without the blanks that fill a column, for pipes and files.
    text = io.StringIO()
    Console(highlight=False, width=WIDE, file=text).print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
