"""Connections to a PostgreSQL server: a few, each used by one thread at a time.

They are opened when first needed, so that a server which is down stops no start: each call then
raises ``StorageError``, and whoever writes comes again.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import psycopg
import trio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine.model.errors import StorageError
from engine.store.postgres.address import Address, split_schema, unreadable
from engine.store.urls import settings_in, unknown_setting

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
"""What a piece of work is given; ``rows`` and ``run`` take their SQL as text."""

ResultT = TypeVar("ResultT")
Work: TypeAlias = Callable[[Connection], ResultT]

MOST_READING = 4
CONNECT_WITHIN_S = 5
STATEMENT_WITHIN = "30s"
LOST_AFTER_MS = 30_000
"""A connection over which nothing comes back is given up after that."""

_TRIED_TWICE = 2
_HOLDS_DATA = ("22", "23")
"""Classes of SQLSTATE whose messages quote what was written."""


def address_of(url: str) -> Address:
    """The address that ``url`` names; raises ``StorageError`` for one that can't be read."""
    without, schema = split_schema(url)
    _check_settings(without)
    try:
        read = conninfo_to_dict(without)
    except psycopg.Error:
        raise unreadable() from None
    given = {name: str(value) for name, value in read.items() if value is not None}
    ours: dict[str, str | int] = {
        "application_name": "encamina",
        "connect_timeout": CONNECT_WITHIN_S,
        "tcp_user_timeout": LOST_AFTER_MS,
        "keepalives_idle": 30,
    }
    host, port = given.get("host", "localhost"), given.get("port", "5432")
    # A password with a bare slash ends the host early, and would be shown as part of the place.
    if not port.replace(",", "").isdigit() or "@" in host + given.get("dbname", ""):
        raise unreadable()
    return Address(
        make_conninfo("", **{**ours, **given}),
        given.get("password", ""),
        f"postgresql://{host}:{port}/{given.get('dbname', '')}",
        schema,
    )


def _check_settings(url: str) -> None:
    """Pass where the library knows every setting; raises ``StorageError``."""
    # ``ssl=true`` is one for URLs alone.
    known = {one.keyword.decode() for one in psycopg.pq.Conninfo.get_defaults()} | {"ssl"}
    for name, _ in settings_in(url):
        if name not in known:
            raise unknown_setting(url, name, {*known, "schema"}) or unreadable()


def rows(connection: Connection, query: str, parameters: Sequence[object] = ()) -> list[Any]:
    """What a query gives; parameters stand as ``%s``."""
    return connection.execute(query.encode(), parameters).fetchall()


def run(connection: Connection, statement: str, parameters: Sequence[object] = ()) -> int:
    """How many rows a statement has changed."""
    return connection.execute(statement.encode(), parameters).rowcount


class Connections:
    """Runs work on connections to one server, each piece in a transaction of its own.

    ``prepare`` runs before everything else, once, in the same way.
    """

    def __init__(self, address: Address, prepare: Work[None]) -> None:
        self.address = address
        self._prepare = prepare
        self._prepared = False
        self._preparing = trio.Lock()
        self._reading = trio.CapacityLimiter(MOST_READING)
        self._writing = trio.CapacityLimiter(1)
        self._idle: list[Connection] = []
        self._closed = False

    async def read(self, work: Work[ResultT]) -> ResultT:
        """What ``work`` gives, of one moment; it may only read. Raises ``StorageError``."""
        await self._ready()
        return await trio.to_thread.run_sync(
            partial(self._run, work, read_only=True), limiter=self._reading
        )

    async def write(self, work: Work[ResultT]) -> ResultT:
        """What ``work`` gives; all that it wrote is committed when this returns.

        ``work`` may run twice where the server was restarted. Raises ``StorageError``.
        """
        await self._ready()
        return await trio.to_thread.run_sync(
            partial(self._run, work, read_only=False), limiter=self._writing
        )

    async def close(self) -> None:
        """Close every connection, the ones in use as soon as they are free; safe to repeat."""
        self._closed = True
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._close_idle)

    async def _ready(self) -> None:
        if self._prepared:
            return
        async with self._preparing:
            if not self._prepared:
                await trio.to_thread.run_sync(partial(self._run, self._prepare, read_only=False))
                self._prepared = True

    def _run(self, work: Work[ResultT], *, read_only: bool) -> ResultT:
        for _ in range(_TRIED_TWICE):
            if self._closed:
                raise StorageError(f"store: {self.address.shown}: closed already")
            connection, was_idle = self._take()
            try:
                result = self._once(connection, work, read_only=read_only)
            except psycopg.Error as error:
                lost = connection.closed
                connection.close()
                # An idle one may have been lost long ago, with the server that was restarted.
                if not (was_idle and lost):
                    raise storage_fault(error, self.address) from None
                self._close_idle()
            except BaseException:
                connection.close()
                raise
            else:
                self._give_back(connection)
                return result
        raise StorageError(f"store: {self.address.shown}: connections are lost as soon as made")

    def _once(self, connection: Connection, work: Work[ResultT], *, read_only: bool) -> ResultT:
        connection.read_only = read_only
        connection.isolation_level = (
            psycopg.IsolationLevel.REPEATABLE_READ
            if read_only
            else psycopg.IsolationLevel.READ_COMMITTED
        )
        with connection.transaction():
            # For this transaction only: behind a pooler the next one may be another's.
            connection.execute(
                "SELECT set_config('search_path', %s, true),"
                " set_config('statement_timeout', %s, true),"
                # A commit that doesn't wait for the disk is lost when the server dies.
                " CASE WHEN current_setting('synchronous_commit') = 'off'"
                " THEN set_config('synchronous_commit', 'on', true) END",
                (f'"{self.address.schema}"', STATEMENT_WITHIN),
            )
            return work(connection)

    def _take(self) -> tuple[Connection, bool]:
        # Threads share the list: pop and append are one step each.
        try:
            return self._idle.pop(), True
        except IndexError:
            return self._connect(), False

    def _connect(self) -> Connection:
        try:
            # A pooler such as PgBouncer may not know statements that were prepared before.
            return psycopg.connect(self.address.conninfo, prepare_threshold=None)
        except psycopg.Error as error:
            raise storage_fault(error, self.address) from None

    def _give_back(self, connection: Connection) -> None:
        self._idle.append(connection)
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return


def storage_fault(error: psycopg.Error, address: Address) -> StorageError:
    """The error of the library as one of ours, without a password and without what was written."""
    state = error.sqlstate
    if state is not None and state.startswith(_HOLDS_DATA):
        words = "refused what was written"
    else:
        lines = (error.diag.message_primary or str(error)).splitlines()
        words = lines[0] if lines else type(error).__name__
    if address.password:
        words = words.replace(address.password, "***")
    code = "" if state is None else f" (SQLSTATE {state})"
    return StorageError(f"store: {address.shown}: {words}{code}")
