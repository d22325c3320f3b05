"""From the URL of ``store:`` in ``encamina.yaml`` to an engine of the analytics store."""

from collections.abc import Awaitable, Callable, Mapping

from engine.model.errors import StorageError
from engine.sqlite.database import Databases
from engine.store.interface import Store

DEFAULT_URL = "sqlite:analytics.db"


async def open_store(url: str, databases: Databases) -> Store:
    """The store at ``url``; it lives as long as ``databases``.

    Of a server nothing is asked before the store is used, so that one that is down stops no start.
    Raises ``StorageError`` for an unknown scheme, or where the engine can't be opened.
    """
    scheme, _, rest = url.partition(":")
    opener = _ENGINES.get(scheme)
    if opener is None or not rest:
        known = ", ".join(f"{name}:…" for name in _ENGINES)
        raise StorageError(f"store: no engine is known by {scheme + ':'!r}; known are {known}")
    return await opener(rest, databases)


async def _sqlite(name: str, databases: Databases) -> Store:
    from engine.store.sqlite.store import (  # noqa: PLC0415 - an engine is loaded when asked for
        SqliteStore,
    )

    return await SqliteStore.open(await databases.get(name))


async def _postgres(url: str, databases: Databases) -> Store:
    try:
        from engine.store.postgres.store import (  # noqa: PLC0415 - as above
            PostgresStore,
        )
    except ImportError as error:
        raise _lacking("PostgreSQL", "postgres") from error
    store = PostgresStore.at(f"postgresql:{url}", look_only=databases.look_only)
    databases.close_too(store.close)
    return store


async def _mongo(url: str, databases: Databases) -> Store:
    return await _mongo_at(f"mongodb:{url}", databases)


async def _mongo_srv(url: str, databases: Databases) -> Store:
    return await _mongo_at(f"mongodb+srv:{url}", databases)


async def _mongo_at(url: str, databases: Databases) -> Store:
    try:
        from engine.store.mongo.store import (  # noqa: PLC0415 - as above
            MongoStore,
        )
    except ImportError as error:
        raise _lacking("MongoDB", "mongo") from error
    store = MongoStore.at(url, look_only=databases.look_only)
    databases.close_too(store.close)
    return store


def _lacking(engine: str, extra: str) -> StorageError:
    return StorageError(
        f"store: the library for {engine} is not installed; pip install 'encamina[{extra}]'"
    )


_ENGINES: Mapping[str, Callable[[str, Databases], Awaitable[Store]]] = {
    "sqlite": _sqlite,  # sqlite:NAME, a file in the data folder
    "postgresql": _postgres,  # postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME
    "postgres": _postgres,
    "mongodb": _mongo,  # mongodb://USER:PASSWORD@HOST:PORT/DATABASE, with names of collections
    "mongodb+srv": _mongo_srv,
}
