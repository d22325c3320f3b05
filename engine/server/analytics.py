"""The analytics store of a project, opened: by the server, and by commands that only look."""

from collections.abc import Mapping

from engine.model.errors import StorageError
from engine.project.spec import ProjectSpec
from engine.release.release import Release
from engine.release.settings import render_text
from engine.sqlite.database import Databases
from engine.store.interface import Store
from engine.store.open import DEFAULT_URL, open_store


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


def _known(spec: ProjectSpec, url: str) -> str:
    if spec.store_url.value is not None and not url:
        raise StorageError(
            f"{spec.store_url.file}: store: reads a variable that is not set; set it, or take"
            f" store: out, and {DEFAULT_URL} is used"
        )
    return url or DEFAULT_URL
