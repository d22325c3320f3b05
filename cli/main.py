"""The typer app: every command, and the one place where our exceptions become words."""

import sys
import traceback
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.output import Exit, err, plain
from engine.model.errors import EncaminaError, ProjectError
from engine.model.names import did_you_mean

COMMANDS = (
    "init",
    "validate",
    "dry-run",
    "serve",
    "sandbox",
    "send",
    "events",
    "deliveries",
    "explain",
    "destinations",
    "derived",
    "dead",
    "quarantine",
    "replay",
    "store",
    "keys",
    "doctor",
    "docs",
)


class Commands(TyperGroup):
    """The commands, each imported when it is asked for: serve needs no more memory than its own."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """Their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """The command of that name; raises ``ProjectError`` with the nearest if there is none."""
        if cmd_name not in COMMANDS:
            hint = did_you_mean(cmd_name, COMMANDS) or "encamina --help lists them"
            raise ProjectError(f'no command "{cmd_name}"; {hint}')
        name = cmd_name.replace("-", "_")
        module = import_module(f"cli.commands.{name}")
        if isinstance(actions := getattr(module, "app", None), typer.Typer):
            return typer.main.get_command(actions)
        one = typer.Typer(add_completion=False, rich_markup_mode="rich")
        one.command(cmd_name)(getattr(module, name))
        return typer.main.get_command(one)


app = typer.Typer(
    name="encamina",
    cls=Commands,
    help="Encamina sets events on their way: validated, mapped and delivered, all by files.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


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
        err().print(f"[red]encamina:[/] {plain(str(error))}")
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
        f"[red]encamina:[/] a fault of Encamina, {type(error).__name__} at {plain(place)}; "
        "please report it with the command that you ran"
    )
