"""``encamina sandbox``: a local stand-in for the vendors' APIs."""

from functools import partial
from typing import Annotated

import trio
import typer
from starlette.applications import Starlette

from cli.output import err, plain
from cli.tasks import run
from engine.model.errors import ProjectError
from engine.model.names import did_you_mean
from engine.sandbox.app import STAND_INS, build_app
from engine.sandbox.faults import parse_faults
from engine.server.http import serve_app
from engine.server.signals import stop_on_signal


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
) -> None:
    """Stand in for the vendors: accept and refuse by their documented rules.

    GET /received shows what came; any other vendor's name takes JSON and answers 200.

    Example: encamina sandbox --fault meta=503:0.1,timeout:0.05
    """
    try:
        faults = [one for text in fault or [] for one in parse_faults(text)]
    except ValueError as error:
        raise ProjectError(str(error)) from error
    for vendor in sorted({one.vendor for one in faults} - STAND_INS.keys()):
        hint = did_you_mean(vendor, list(STAND_INS)) or f"known are {', '.join(STAND_INS)}"
        err().print(f"{plain(vendor)} has a plain stand-in, whose faults are on; {hint}")
    run(partial(_serve, build_app(faults), listen))


async def _serve(app: Starlette, listen: str) -> None:
    stop = trio.Event()
    async with trio.open_nursery() as watch:
        watch.start_soon(stop_on_signal, stop)
        async with trio.open_nursery() as tasks:
            urls = await tasks.start(partial(serve_app, app, listen, stop.wait, graceful_s=1.0))
            err().print(f"Sandbox of the vendors on {urls[0]}; what came: {urls[0]}/received")
        watch.cancel_scope.cancel()
