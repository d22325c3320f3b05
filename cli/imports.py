"""``encamina store import``: another analytics module's documents, taken over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from cli.output import err, out, plain, print_json
from cli.project import release_of
from cli.tasks import run
from engine.control.history import History
from engine.ingest.accept import Ingest
from engine.ingest.people import People
from engine.log.open import LogSettings, open_log
from engine.model.cache import Caches
from engine.model.clock import system_clock
from engine.model.errors import ProjectError
from engine.project.env import read_env
from engine.project.read import read_spec
from engine.server.analytics import open_analytics, url_of_analytics
from engine.server.derived import derived_events
from engine.server.folder import held, mode_of
from engine.server.vendors import vendors_of
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.store.imports import Imported, Progress, Source, import_documents, open_source
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices


def count(url: str, project: Path, *, as_json: bool) -> None:
    """Tell what there is to take over, and what can't be; nothing is written."""
    for one in run(partial(_count, url, project)):
        _show(one, "", as_json=as_json)


def take_over(url: str, project: Path, folder: Path, *, as_json: bool) -> None:
    """Take all of it over, and tell of each model how much it was."""
    run(partial(_take_over, url, project, folder, as_json=as_json))


async def _count(url: str, project: Path) -> Sequence[Imported]:
    async with _reading(url, project) as source:
        return await source.count()


async def _take_over(url: str, project: Path, folder: Path, *, as_json: bool) -> None:
    with held(folder, mode_of(folder) or vendors_of(read_env(project)[0]).mode):
        async with _reading(url, project) as source, _history(project, folder) as history:
            progress = Progress.within(folder)
            await import_documents(source, history.take, progress, partial(_tell, as_json=as_json))


@asynccontextmanager
async def _reading(url: str, project: Path) -> AsyncIterator[Source]:
    """The source at ``url``, from which the project's store is filled; closed after the block."""
    spec, _ = read_spec(project)
    source = open_source(url, "" if spec is None else url_of_analytics(spec, read_env(project)[0]))
    try:
        yield source
    finally:
        await source.close()


@asynccontextmanager
async def _history(project: Path, folder: Path) -> AsyncIterator[History]:
    """The store of a project and the figures of its derived events, in a folder that is held."""
    caches = Caches.on()
    release = release_of(project, caches)
    spec, notices = release.spec, Notices(make_logger(as_json=False))
    async with Databases(folder) as files:
        log = await open_log(spec.log_url, files, LogSettings(system_clock, spec.dedupe_window_ms))
        state = await open_state(spec.state_url, files)
        people = People(state, notices, caches)
        store = await open_analytics(release, files)
        if store is None:
            raise ProjectError("no destination of kind store: there is no store to import into")
        ingest = Ingest(lambda: release, log, state, notices, people)
        yield History(release, store, derived_events(ingest, system_clock))


def _tell(imported: Imported, *, as_json: bool) -> None:
    if imported.done:
        _show(imported, " taken over", as_json=as_json)
    else:
        err().print(f"[dim]{plain(imported.model.value)}: {imported.documents:,} so far[/]")


def _show(imported: Imported, done: str, *, as_json: bool) -> None:
    """How many documents of a model, and under them how many are left out for each reason."""
    model, documents = imported.model.value, imported.documents
    if as_json:
        left_out = dict(imported.left_out)
        print_json({"model": model, "documents": documents, "left_out": left_out})
        return
    out().print(f"{plain(model):<12} {documents:>12,}{done}")
    for why, many in sorted(imported.left_out.items()):
        out().print(f"{'':<12} {many:>12,} left out: {plain(why)}")
