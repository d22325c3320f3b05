"""``encamina send``: posts events to a running server."""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import trio
import typer
from rich.progress import Progress

from cli.events import read_events
from cli.options import HERE, JsonOption, ProjectOption
from cli.output import Exit, err, out, plain, print_json
from cli.project import release_of
from cli.redate import redated
from cli.tasks import run
from cli.trust import Server, asking
from engine.codec.body import dumps
from engine.delivery.send import Sender
from engine.model.cache import Caches
from engine.model.clock import system_clock, to_iso
from engine.model.delivery import Answer, NoAnswer, Request
from engine.model.errors import EncaminaError
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import VERDICTS
from engine.release.release import Release

BATCH = 100
TRIES = 10
TIMEOUT_MS = 30_000
WAIT_S = 1.0


class SendError(EncaminaError):
    """The server did not take the events."""


@dataclass(frozen=True, slots=True)
class _Asked:
    server: Server
    write_key: str

    @property
    def url(self) -> str:
        return self.server.url


def send(
    events: Annotated[
        list[str],
        typer.Argument(
            metavar="EVENT…", help="Files or folders of JSON or JSON lines; - is stdin."
        ),
    ],
    project: ProjectOption = HERE,
    url: Annotated[
        str | None, typer.Option(help="The server.", show_default="server.listen of the project")
    ] = None,
    write_key: Annotated[
        str | None, typer.Option(help="The write key.", show_default="the first source's")
    ] = None,
    redate: Annotated[
        bool, typer.Option(help="Move the times so that the last is now, and renew the ids.")
    ] = False,
    yes_live: Annotated[
        bool, typer.Option("--yes-live", help="Send to a server that delivers to real vendors.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Post events to a running server, in batches of 100, and show the verdicts.

    Example: encamina send examples/shop-day.jsonl --redate
    """
    release = release_of(project, Caches.on())
    spec = release.spec.server
    here = f"{'https' if spec.tls else 'http'}://{spec.listen}"
    asked = Server((url or here).rstrip("/"), named=url is not None, tls=spec.tls, project=project)
    server = _Asked(asked, write_key or _first_key(release))
    bodies = list(read_events(events))
    if redate:
        bodies = redated(bodies, system_clock())
    answers = run(partial(_send_all, server, bodies, yes_live))
    counts = Counter(dict.fromkeys(VERDICTS, 0))
    for answer in answers:
        counts.update({verdict: _number(answer.get(verdict)) for verdict in VERDICTS})
    results = [result for answer in answers for result in _results(answer)]
    if as_json:
        print_json({"received": len(bodies), **counts, "results": results})
    else:
        _show(len(bodies), counts, results)
    raise typer.Exit(Exit.FINE)


def _first_key(release: Release) -> str:
    for key in release.write_keys:
        return key
    raise SendError("no source has a write key; set SHOP_WRITE_KEY or give --write-key")


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _results(answer: Body) -> list[Json]:
    results = answer.get("results")
    return list(results) if isinstance(results, list) else []


async def _send_all(server: _Asked, bodies: Sequence[Json], yes_live: bool) -> list[Body]:
    answers = []
    async with asking(server.server, proxies=not _is_here(server.url)) as sender:
        await _check_server(sender, server, yes_live=yes_live)
        with Progress(console=err(), disable=not err().is_terminal) as progress:
            task = progress.add_task("sending", total=len(bodies))
            for start in range(0, len(bodies), BATCH):
                batch = bodies[start : start + BATCH]
                answers.append(await _send_batch(sender, server, batch))
                progress.advance(task, len(batch))
    return answers


def _is_here(url: str) -> bool:
    return any(f"//{host}" in url for host in ("127.", "localhost", "[::1]"))


async def _check_server(sender: Sender, server: _Asked, *, yes_live: bool) -> None:
    answer = await sender.send("", Request("GET", f"{server.url}/readyz", {}, {}, b""), TIMEOUT_MS)
    if isinstance(answer, NoAnswer):
        raise SendError(server.server.why_not(answer.reason, "is `encamina serve` running?"))
    if as_body(answer.body).get("vendors") == "live" and not yes_live:
        raise SendError(
            f"{server.url} delivers to real vendors; nothing was sent. "
            "Give --yes-live if these events are to count there"
        )


async def _send_batch(sender: Sender, server: _Asked, batch: Sequence[Json]) -> Body:
    key = base64.b64encode(f"{server.write_key}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    body = dumps({"batch": list(batch), "sentAt": to_iso(system_clock())})
    request = Request("POST", f"{server.url}/v1/batch", headers, {}, body)
    for _ in range(TRIES):
        answer = await sender.send("", request, TIMEOUT_MS)
        if isinstance(answer, Answer) and answer.status == 200:
            if "accepted" not in as_body(answer.body):
                raise SendError(f"{server.url} took the events but is no Encamina server")
            return as_body(answer.body)
        if isinstance(answer, Answer) and answer.status not in (429, 503):
            said = as_body(answer.body).get("message", answer.body)
            raise SendError(f"{server.url} answered {answer.status}: {said}")
        await trio.sleep(_wait_s(answer))
    raise SendError(f"{server.url} did not take the events after {TRIES} tries")


def _wait_s(answer: Answer | NoAnswer) -> float:
    if isinstance(answer, Answer) and (text := answer.headers.get("retry-after", "")).isdigit():
        return float(text)
    return WAIT_S


def _show(sent: int, counts: Mapping[str, int], results: Sequence[Json]) -> None:
    console = out()
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    console.print(f"[bold]{sent} sent[/]: {words or 'nothing'}")
    for result in map(as_body, results):
        errors = result.get("errors")
        listed = [as_body(one) for one in errors] if isinstance(errors, list) else []
        why = "; ".join(f"{one.get('path') or 'the event'}: {one.get('message')}" for one in listed)
        message_id = plain(str(result.get("messageId"))[:36])
        verdict = plain(str(result.get("verdict")))
        console.print(f"  {verdict}  [dim]{message_id}[/]  {plain(why)}")
