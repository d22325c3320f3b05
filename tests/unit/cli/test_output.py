"""What reaches a terminal: no control character of the data, and no mark-up in it."""

import io
from itertools import product

import pytest
from rich.console import Console

from cli.output import err, out, plain, print_table
from engine.model.visible import visible

ESC = "\x1b[2J\x1b]0;mine\x07"
NASTY = f"A\nB\tC\rD{ESC}\u202eE\x9b1mF\u2066G\u2028H\udc80I\u200bJ"


def is_harmless(text):
    return all(one == "\n" or one.isprintable() for one in text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Order Completed", "Order Completed"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("Compra señal 购买 أمر", "Compra señal 购买 أمر"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_what_a_terminal_would_obey_is_spelt_out_and_all_else_stays(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("stream", ["out", "err"])
def test_no_printed_text_steers_the_terminal_even_where_nobody_took_care(capsys, stream):
    console = {"out": out, "err": err}[stream]()

    console.print(NASTY)
    console.print(NASTY, markup=False)

    said = getattr(capsys.readouterr(), stream)
    assert is_harmless(said)
    assert said.count(r"\x1b[2J") == 2
    assert said.count("\n") == 4


def test_a_cell_is_one_line_of_a_table(capsys):
    print_table("", ["id", "name"], [[NASTY, "[bold]no mark-up[/] :warning:"], ["2", "b"]])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(map(is_harmless, lines))
    assert lines[1].endswith("[bold]no mark-up[/] :warning:")


@pytest.mark.parametrize(
    "text",
    ["[red]x", "[/]", r"\[red]x", r"\\[/red]", "[", "[[bold]]", ":warning:", "[link=http://x]"],
)
def test_data_is_no_mark_up_whatever_stands_around_it(text):
    stream = io.StringIO()
    console = Console(file=stream, emoji=False, highlight=False, width=200)

    console.print(f"[bold]{plain(text)}[/] then [dim]{plain('x')}[/]")

    assert stream.getvalue() == f"{text} then x\n"


def test_a_last_backslash_does_not_break_what_stands_behind_it():
    for tail, behind in product(["\\", "\\\\", "\\\\\\"], ["[/] y", "[/]"]):
        stream = io.StringIO()
        console = Console(file=stream, emoji=False, highlight=False, width=200)

        console.print(f"[bold]x{plain(tail)}{behind}")

        assert stream.getvalue() == f"x{tail}{behind.removeprefix('[/]')}\n"
