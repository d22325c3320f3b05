"""Changing what a data folder holds, whether a server holds it or not: the same change either way.

Where the folder is free its lock is taken and the change made here. Where a server holds it, the
change is asked of that server's ``/admin``.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import trio

from cli.looks import looking
from cli.project import release_of
from cli.trust import Server, asking, tls_of
from engine.codec.body import dumps
from engine.control.control import Control, ControlError
from engine.control.verbs import perform
from engine.delivery.send import Sender
from engine.ingest.accept import Ingest
from engine.ingest.fill import Fills
from engine.ingest.people import People
from engine.ingest.stored_keys import stored_keys
from engine.log.open import LogSettings, open_log
from engine.model.cache import Caches
from engine.model.clock import system_clock
from engine.model.delivery import Answer, NoAnswer, Request
from engine.model.errors import DataFolderError
from engine.model.jsonvalue import Body, as_body
from engine.project.env import read_env
from engine.project.read import read_spec
from engine.release.keys import build_keys, digest_of
from engine.server.folder import FolderHeld, held, mode_of
from engine.server.vendors import vendors_of
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices

TOKEN = "ENCAMINA_ADMIN_TOKEN"  # noqa: S105 - the name of the variable that holds it
URL = "ENCAMINA_ADMIN_URL"
STARTING_S = 10.0
"""How long a holder that does not listen may take: a server that starts, another command."""
LOOK_EVERY_S = 0.1
TIMEOUT_MS = 600_000
"""Of one change: a hundred thousand dead letters take some ten seconds."""
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not listened on


@dataclass(frozen=True, slots=True)
class _Asked:
    """The server that holds the folder, and the token that its ``/admin`` takes."""

    sender: Sender
    server: Server
    token: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Change:
    """Where changes are made: a folder that is ours, or the server that holds it."""

    by: Control | _Asked

    async def __call__(self, name: str, asked: Body) -> Body:
        """What became of the change of that name (``engine/control/verbs``).

        Raises ``ControlError`` where it is refused or the server can't be asked.
        """
        if isinstance(self.by, Control):
            return await perform(self.by, name, asked)
        return await _ask(self.by, name, asked)


@asynccontextmanager
async def changing(project: Path, folder: Path, *, make: bool = False) -> AsyncIterator[Change]:
    """A way to change what the folder holds; with ``make`` it need not be there yet.

    Raises ``DataFolderError`` where there is none, and ``ControlError`` where a server holds it and
    there is no token to ask it with.
    """
    if not make and not await trio.Path(folder).is_dir():
        raise DataFolderError(
            f"no data folder {folder}; start `encamina serve`, or name another with --data"
        )
    env, _ = read_env(project)
    deadline = trio.current_time() + STARTING_S
    while True:
        try:
            with held(folder, mode_of(folder) or vendors_of(env).mode):
                async with _alone(project, folder) as control:
                    yield Change(control)
                return
        except FolderHeld as error:
            holder = error
        if holder.url is not None or trio.current_time() > deadline:
            break
        await trio.sleep(LOOK_EVERY_S)
    async with _asking(holder, project, folder, env) as asked:
        yield Change(asked)


@asynccontextmanager
async def _alone(project: Path, folder: Path) -> AsyncIterator[Control]:
    """The parts that a change needs, over a folder that is held."""
    caches = Caches.on()
    release = release_of(project, caches)
    spec, notices = release.spec, Notices(make_logger(as_json=False))
    async with Databases(folder) as files:
        log = await open_log(spec.log_url, files, LogSettings(system_clock, spec.dedupe_window_ms))
        state = await open_state(spec.state_url, files)
        people = People(state, notices, caches)
        fills = Fills(state, notices)
        await fills.begin(release, log, people, system_clock())
        ingest = Ingest(lambda: release, log, state, notices, people, fills=fills)
        yield Control(release, log, state, ingest, system_clock)


@asynccontextmanager
async def _asking(
    holder: FolderHeld, project: Path, folder: Path, env: Mapping[str, str]
) -> AsyncIterator[_Asked]:
    if holder.url is None:
        raise holder
    url = (env.get(URL) or reachable(holder.url)).rstrip("/")
    token = env.get(TOKEN)
    if token is None:
        raise ControlError(
            f"a server holds the data folder, at {url}, and {TOKEN} is not set: "
            "set it to the server's admin token (server.admin_token in encamina.yaml), "
            "or stop the server and try again"
        )
    server = Server(url, named=URL in env, tls=tls_of(project), project=project)
    async with asking(server) as sender:
        yield _Asked(sender, server, token, folder)


def reachable(url: str) -> str:
    """The URL as this machine reaches it: one that listens on every address is asked on its own."""
    parts = urlsplit(url)
    host = HERE.get(parts.hostname or "")
    if host is None:
        return url
    host = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}"))


async def _ask(by: _Asked, name: str, asked: Body) -> Body:
    url = by.server.url
    headers = {
        "Authorization": f"Bearer {by.token}",
        "Content-Type": "application/json",
    }
    try:
        body = dumps(asked)
    except UnicodeEncodeError:
        raise ControlError("an option holds bytes that are no UTF-8; expected a text") from None
    request = Request("POST", f"{url}/admin/{name}", headers, {}, body, (by.token,))
    answer = await by.sender.send("", request, TIMEOUT_MS)
    if isinstance(answer, NoAnswer):
        otherwise = f"where the server of this data folder is reached otherwise, set {URL}"
        raise ControlError(by.server.why_not(answer.reason, otherwise))
    told = as_body(answer.body)
    if answer.status != 200 or told.get("success") is not True:
        if answer.status in (401, 404) and (revoked := await _revoked(by)) is not None:
            raise ControlError(revoked)
        raise ControlError(_refusal(url, answer))
    return {key: value for key, value in told.items() if key != "success"}


async def _revoked(by: _Asked) -> str | None:
    """What to do where the token was revoked, None where it was not."""
    spec, _ = read_spec(by.server.project)
    in_files = None if spec is None else build_keys(spec, read_env(by.server.project)[0])[0].admin
    try:
        async with looking(by.server.project, by.folder) as look:
            keys = await stored_keys(look.state)
    except DataFolderError:
        return None  # the server that was asked is of another folder
    gone = {one.digest for one in keys if one.revoked_at is not None}
    digest = digest_of(by.token)
    if digest not in gone:
        return None
    where = "server.admin_token in encamina.yaml" if digest == in_files else TOKEN
    return (
        f"{by.server.url}: the token in {where} was revoked. Set {TOKEN} to another; to make one "
        "where none is left: stop the server, `encamina keys create --admin`, and start it again"
    )


def _refusal(url: str, answer: Answer) -> str:
    if answer.status == 404:
        return (
            f"{url} has no /admin: set server.admin_token in encamina.yaml and start it anew, "
            "or stop it and try again"
        )
    if answer.status == 401:
        return f"{url} does not take the token in {TOKEN}"
    told = as_body(answer.body)
    if told.get("code") == "refused":
        return str(told.get("message"))
    return f"{url} answered {answer.status}: {told.get('message', answer.body)}"
