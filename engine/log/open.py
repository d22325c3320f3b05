"""From the URL of ``log:`` in ``encamina.yaml`` to an engine of the log."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from engine.log.interface import Log
from engine.model.clock import Clock, system_clock
from engine.model.errors import StorageError
from engine.sqlite.database import Databases

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What every engine is told: the clock, and how long a message id counts as seen."""

    clock: Clock = system_clock
    window_ms: int = DAY_MS


async def open_log(url: str, databases: Databases, settings: LogSettings | None = None) -> Log:
    """The log at ``url``; it lives as long as ``databases``.

    Raises ``StorageError`` for an unknown scheme, or where the engine can't be opened.
    """
    scheme, _, rest = url.partition(":")
    opener = _ENGINES.get(scheme)
    if opener is None or not rest:
        known = ", ".join(f"{name}:…" for name in _ENGINES)
        raise StorageError(f"log: no engine is known by {scheme + ':'!r}; known are {known}")
    return await opener(rest, databases, settings or LogSettings())


async def _sqlite(name: str, databases: Databases, settings: LogSettings) -> Log:
    from engine.log.sqlite.log import SqliteLog  # noqa: PLC0415 - an engine is loaded when asked for

    database = await databases.get(name)
    return await SqliteLog.open(database, settings.clock, settings.window_ms)


_ENGINES: Mapping[str, Callable[[str, Databases, LogSettings], Awaitable[Log]]] = {
    "sqlite": _sqlite,  # sqlite:NAME, a file in the data folder
}
