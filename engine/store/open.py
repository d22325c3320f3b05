"""From the URL of ``store:`` in ``encamina.yaml`` to an engine of the analytics store."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from engine.model.errors import LibraryMissing, StorageError
from engine.sqlite.database import Databases
from engine.store.interface import Store

DEFAULT_URL = "sqlite:analytics.db"


@dataclass(frozen=True, slots=True)
class Engine:
    """What one scheme stands for: both are given the whole URL, and raise ``StorageError``."""

    check: Callable[[str], None]
    open: Callable[[str, Databases], Awaitable[Store]]


async def open_store(url: str, databases: Databases) -> Store:
    """The store at ``url``; it lives as long as ``databases``.

    Of a server nothing is asked before the store is used, so that one that is down stops no start.
    Raises ``StorageError`` for an unknown scheme, or where the engine can't be opened.
    """
    return await _engine(url).open(url, databases)


def check_url(url: str) -> None:
    """Pass for a URL that ``open_store`` takes; nothing is opened, and no server is asked.

    Raises ``StorageError``; where a library is needed to tell, and missing, ``LibraryMissing``.
    """
    _engine(url).check(url)


def _engine(url: str) -> Engine:
    scheme, _, rest = url.partition(":")
    found = _ENGINES.get(scheme)
    if found is None or not rest:
        known = ", ".join(f"{name}:…" for name in _ENGINES)
        raise StorageError(f"store: no engine is known by {scheme + ':'!r}; known are {known}")
    return found


def _file_in(url: str) -> str:
    """The name of a SQLite file in the data folder."""
    name = url.partition(":")[2]
    path = PurePath(name)
    if path.is_absolute() or ".." in path.parts or not path.name or "\0" in name:
        raise StorageError(
            f"store: {name!r} is no file in the data folder; expected a name such as {DEFAULT_URL}"
        )
    return name


def _check_sqlite(url: str) -> None:
    _file_in(url)


async def _sqlite(url: str, databases: Databases) -> Store:
    from engine.store.sqlite.store import (  # noqa: PLC0415 - an engine is loaded when asked for
        SqliteStore,
    )

    return await SqliteStore.open(await databases.get(_file_in(url)))


def _check_postgres(url: str) -> None:
    try:
        from engine.store.postgres.connection import (  # noqa: PLC0415 - as above
            address_of,
        )
    except ImportError as error:
        raise _lacking("PostgreSQL", "postgres") from error
    address_of(url)


async def _postgres(url: str, databases: Databases) -> Store:
    try:
        from engine.store.postgres.store import (  # noqa: PLC0415 - as above
            PostgresStore,
        )
    except ImportError as error:
        raise _lacking("PostgreSQL", "postgres") from error
    store = PostgresStore.at(url, look_only=databases.look_only)
    databases.close_too(store.close)
    return store


def _check_mongo(url: str) -> None:
    try:
        from engine.store.mongo.connection import (  # noqa: PLC0415 - as above
            address_of,
        )
    except ImportError as error:
        raise _lacking("MongoDB", "mongo") from error
    address_of(url)


async def _mongo(url: str, databases: Databases) -> Store:
    try:
        from engine.store.mongo.store import (  # noqa: PLC0415 - as above
            MongoStore,
        )
    except ImportError as error:
        raise _lacking("MongoDB", "mongo") from error
    store = MongoStore.at(url, look_only=databases.look_only)
    databases.close_too(store.close)
    return store


def _lacking(engine: str, extra: str) -> LibraryMissing:
    return LibraryMissing(
        f"store: the library for {engine} is not installed; pip install 'encamina[{extra}]'"
    )


_ENGINES: Mapping[str, Engine] = {
    # sqlite:NAME, a file in the data folder
    "sqlite": Engine(_check_sqlite, _sqlite),
    # postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME
    "postgresql": Engine(_check_postgres, _postgres),
    "postgres": Engine(_check_postgres, _postgres),
    # mongodb://USER:PASSWORD@HOST:PORT/DATABASE, with names of collections
    "mongodb": Engine(_check_mongo, _mongo),
    "mongodb+srv": Engine(_check_mongo, _mongo),
}
