"""``encamina sandbox``: a local stand-in for the vendors' APIs."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import trio
import typer
from starlette.applications import Starlette

from cli.output import err, plain
from cli.tasks import run
from engine.codec.body import dumps
from engine.codec.jwt import new_key
from engine.model.errors import ProjectError
from engine.model.names import did_you_mean
from engine.sandbox.app import STAND_INS, build_app
from engine.sandbox.faults import parse_faults
from engine.server.http import Listening, serve_app
from engine.server.signals import stop_on_signal
from engine.webserver.bounds import Bounds


def sandbox(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen.")
    ] = "127.0.0.1:8090",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VENDOR=KIND:SHARE,…",
            help="Fail a share of a vendor's requests, such as meta=503:0.1,timeout:0.05.",
        ),
    ] = None,
    demo_key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the key of a made-up service account, and end. Only the sandbox takes it.",
        ),
    ] = None,
) -> None:
    """Stand in for the vendors: accept and refuse by their documented rules.

    GET /received shows what came; any other vendor's name takes JSON and answers 200.

    Example: encamina sandbox --fault meta=503:0.1,timeout:0.05
    """
    if demo_key is not None:
        _write_key(demo_key)
        return
    try:
        faults = [one for text in fault or [] for one in parse_faults(text)]
    except ValueError as error:
        raise ProjectError(str(error)) from error
    for vendor in sorted({one.vendor for one in faults} - STAND_INS.keys()):
        hint = did_you_mean(vendor, list(STAND_INS)) or f"known are {', '.join(STAND_INS)}"
        err().print(f"{plain(vendor)} has a plain stand-in, whose faults are on; {hint}")
    run(partial(_serve, build_app(faults), listen))


def _write_key(path: Path) -> None:
    """A new file that its owner alone reads; a key that is there already is never lost."""
    key = {
        "type": "service_account",
        "client_email": "demo@encamina.iam.example.com",
        "private_key_id": "demo",
        "private_key": new_key(),
    }
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ProjectError(f"{path} is there already; give the name of a new file") from None
    except OSError as fault:
        raise ProjectError(f"{path} can't be written: {fault.strerror}") from None
    with os.fdopen(file, "wb") as opened:
        opened.write(dumps(key) + b"\n")
    err().print(f"{plain(str(path))}: a key that the sandbox takes, and no vendor does")


async def _serve(app: Starlette, listen: str) -> None:
    stop = trio.Event()
    how = Listening(Bounds(graceful_s=1.0))
    async with trio.open_nursery() as watch:
        watch.start_soon(stop_on_signal, stop)
        async with trio.open_nursery() as tasks:
            urls = await tasks.start(partial(serve_app, app, listen, stop.wait, how))
            err().print(f"Sandbox of the vendors on {urls[0]}; what came: {urls[0]}/received")
        watch.cancel_scope.cancel()
