"""The typer app: every command, and the one place where our exceptions become words."""

import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cli.commands import deliveries, docs, dry_run, events, init, sandbox, send, serve, validate
from cli.output import Exit, err
from engine.model.errors import EncaminaError

app = typer.Typer(
    name="encamina",
    help="Encamina sets events on their way: validated, mapped and delivered, all by files.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command("init")(init.init)
app.command("validate")(validate.validate)
app.command("dry-run")(dry_run.dry_run)
app.command("serve")(serve.serve)
app.command("sandbox")(sandbox.sandbox)
app.command("send")(send.send)
app.command("events")(events.events)
app.command("deliveries")(deliveries.deliveries)
app.command("docs")(docs.docs)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"encamina {version('encamina')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del show_version


def main() -> None:
    """Run a command; what it can't go on from is one line on standard error and exit code 2."""
    try:
        app()
    except EncaminaError as error:
        err().print("[red]encamina:[/]", str(error), markup=True)
        sys.exit(Exit.COULD_NOT_RUN)
    except BrokenPipeError:
        # The reader of a pipe has gone: nothing more to say, and no traceback either.
        sys.stderr.close()
        sys.exit(Exit.FINE)
    except Exception as error:  # noqa: BLE001 - the edge: a fault of ours is one line too
        _say_fault(error)
        sys.exit(Exit.COULD_NOT_RUN)


def _say_fault(error: Exception) -> None:
    """Tell of a fault of ours: where it came from, and never data that its text may hold."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    err().print(
        f"[red]encamina:[/] a fault of Encamina, {type(error).__name__} at {place}; "
        "please report it with the command that you ran"
    )
