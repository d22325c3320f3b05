"""The analytics store of a project, opened: by the server, and by commands that only look."""

from collections.abc import Mapping

from engine.model.errors import LibraryMissing, StorageError
from engine.model.finding import Finding, warning
from engine.model.finding import error as fault
from engine.project.spec import ProjectSpec
from engine.release.release import Release
from engine.release.settings import render_text
from engine.sqlite.database import Databases
from engine.store.interface import Store
from engine.store.open import DEFAULT_URL, check_url, open_store


async def open_analytics(release: Release, databases: Databases) -> Store | None:
    """The store, None where no destination has ``kind: store``; it lives as long as ``databases``.

    Raises ``StorageError`` where it can't be opened, or its URL reads a variable that is not set.
    """
    if release.store is None:
        return None
    return await open_store(_known(release.spec, release.store_url), databases)


async def look_into_analytics(
    spec: ProjectSpec, env: Mapping[str, str], databases: Databases
) -> Store:
    """The store that the settings name; raises as ``open_analytics``."""
    url, _ = render_text(spec.store_url, env)
    return await open_store(_known(spec, url), databases)


def check_analytics(release: Release, *, environment: bool) -> list[Finding]:
    """Findings about the address of the store, which ``serve`` would refuse.

    With ``environment`` also of what only this machine lacks: a variable, a library.
    """
    settings, url = release.spec.store_url, release.store_url
    if settings.value is not None and not url:
        unset = warning(
            "W408",
            settings.place(),
            "store: reads a variable that is not set, so nothing will be served",
            "set it in the environment or in .env",
        )
        return [unset] if environment else []
    try:
        check_url(url or DEFAULT_URL)
    except LibraryMissing as error:
        return [warning("W409", settings.place(), str(error))] if environment else []
    except StorageError as error:
        return [fault("E333", settings.place(), str(error))]
    return []


def url_of_analytics(spec: ProjectSpec, env: Mapping[str, str]) -> str:
    """Where the settings put the store; empty where they read a variable that is not set."""
    url, _ = render_text(spec.store_url, env)
    return url if spec.store_url.value is not None else DEFAULT_URL


def file_of_analytics(spec: ProjectSpec, env: Mapping[str, str]) -> str | None:
    """The SQLite file that the settings name for the store; None where a server keeps it."""
    url, _ = render_text(spec.store_url, env)
    if spec.store_url.value is not None and not url:
        return None
    return sqlite_file(url)


def sqlite_file(url: str) -> str | None:
    """The file of a store at that URL; None where a server keeps it."""
    scheme, _, name = (url or DEFAULT_URL).partition(":")
    return name if scheme == "sqlite" else None


def _known(spec: ProjectSpec, url: str) -> str:
    if spec.store_url.value is not None and not url:
        raise StorageError(
            f"{spec.store_url.file}: store: reads a variable that is not set; set it, or take"
            f" store: out, and {DEFAULT_URL} is used"
        )
    return url or DEFAULT_URL
