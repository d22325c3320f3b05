"""From the URL of ``state:`` in ``encamina.yaml`` to an engine of the state."""

from collections.abc import Awaitable, Callable, Mapping

from engine.model.errors import StorageError
from engine.sqlite.database import Databases
from engine.state.interface import State


async def open_state(url: str, databases: Databases) -> State:
    """The state at ``url``; it lives as long as ``databases``.

    Raises ``StorageError`` for an unknown scheme, or where the engine can't be opened.
    """
    scheme, _, rest = url.partition(":")
    opener = _ENGINES.get(scheme)
    if opener is None or not rest:
        known = ", ".join(f"{name}:…" for name in _ENGINES)
        raise StorageError(f"state: no engine is known by {scheme + ':'!r}; known are {known}")
    return await opener(rest, databases)


async def _sqlite(name: str, databases: Databases) -> State:
    from engine.state.sqlite.state import (  # noqa: PLC0415 - an engine is loaded when asked for
        SqliteState,
    )

    return await SqliteState.open(await databases.get(name))


_ENGINES: Mapping[str, Callable[[str, Databases], Awaitable[State]]] = {
    "sqlite": _sqlite,  # sqlite:NAME, a file in the data folder
}
