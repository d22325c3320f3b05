"""Connections to a MongoDB server, through the one client of a store; made when first needed.

Whatever the library raises becomes a ``StorageError``, without a password and without what was
written.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

import pymongo
import trio
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError, InvalidDocument
from pymongo.collection import Collection as LibraryCollection
from pymongo.database import Database as LibraryDatabase
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DocumentTooLarge,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
)
from pymongo.uri_parser import parse_uri

from engine.model.errors import StorageError
from engine.store.mongo.address import SETTINGS, Address, split_collections, unreadable
from engine.store.urls import settings_in, unknown_setting, unreadable_setting

Row: TypeAlias = dict[str, Any]
Database: TypeAlias = LibraryDatabase[Row]
Collection: TypeAlias = LibraryCollection[Row]

ResultT = TypeVar("ResultT")
Work: TypeAlias = Callable[[Database], ResultT]

MOST_READING = 4
ANSWERS_WITHIN_MS = 30_000
_TRIED_TWICE = 2
_NOT_ALLOWED: Final = (13, 18)
"""Codes of a server to which we have to log in first, or as somebody else."""

_REFUSED: Final[Mapping[int, str]] = {
    2: "it can't keep a value of it",
    121: "the collection has a validator, which refuses it",
    171: "an index of the collection takes no two lists",
    10334: "it is too large",
    11000: "a unique index of the collection has such a document already",
    17280: "a value is too long for an index of the collection",
}
"""Codes of a server that will refuse this document however often it comes."""

# The index of ``_id``: two who write one document at once, so that it may be tried again.
_OF_IDS: Final = re.compile(r"\bindex: _id_(?!\w)")

# Given where the URL doesn't say otherwise. Written is what a majority has on disk.
_OPTIONS: Final[Mapping[str, Any]] = {
    "appName": "encamina",
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": ANSWERS_WITHIN_MS,
    "w": "majority",
    "journal": True,
}
# Moments as they are kept, also those that Python's calendar doesn't have.
_CODEC: Final = CodecOptions[Row](datetime_conversion=DatetimeConversion.DATETIME_MS)


def address_of(url: str) -> Address:
    """The address that ``url`` names; raises ``StorageError`` for one that can't be read."""
    without, collections = split_collections(url)
    path = without.partition("://")[2].partition("?")[0]
    host, _, database = path.rpartition("@")[2].partition("/")
    if not database:
        raise StorageError("store: its URL names no database; expected mongodb://HOST/DATABASE")
    _check_settings(without)
    if not without.startswith("mongodb+srv:"):
        try:
            parse_uri(without)
        except (PyMongoError, ValueError):
            raise unreadable() from None
    return Address(without, f"mongodb://{host}/{database}", collections)


def _check_settings(url: str) -> None:
    """Pass where the library knows every setting and can read its value; raises ``StorageError``.

    By itself it only warns: then a collection whose setting is misspelt would be another one.
    """
    for name, value in settings_in(url):
        # These are refused where no DNS is asked.
        if name.lower().startswith("srv"):
            continue
        try:
            parse_uri(f"mongodb://host/?{name}={value}", warn=False)
        except ConfigurationError:
            raise unknown_setting(url, name, SETTINGS) or unreadable() from None
        except (PyMongoError, ValueError, TypeError, OSError):
            # An ``OSError`` is of a file that is named there.
            raise unreadable_setting(url, name) or unreadable() from None


def open_database(address: Address) -> Database:
    """The database at ``address``; nothing is asked of the server yet."""
    given = {pair.partition("=")[0].lower() for pair in address.url.partition("?")[2].split("&")}
    options = {name: value for name, value in _OPTIONS.items() if name.lower() not in given}
    client = pymongo.MongoClient[Row](address.url, **options)
    return client.get_default_database(codec_options=_CODEC)


def have_index(collection: Collection, keys: Sequence[tuple[str, int]]) -> None:
    """See that there is this index, or one of the server's own mind.

    A shop may have one of the same fields with another name or other options, and a server that
    died while it made one may neither have nor make it. Answers are right without, only slower.
    """
    try:
        collection.create_index(list(keys))
    except AutoReconnect:
        raise
    except OperationFailure as error:
        if error.code in _NOT_ALLOWED:
            raise


def unless_refused(write: Callable[[], object]) -> str | None:
    """Write; None when done, else why the server will never take a document that is in it.

    Whatever else goes wrong is raised.
    """
    try:
        write()
    except DocumentTooLarge:
        return _REFUSED[10334]
    except InvalidDocument:
        return _REFUSED[2]
    except (BulkWriteError, WriteError) as error:
        first = _first_of(error)
        why = _REFUSED.get(first.get("code", 0))
        if why is None or _OF_IDS.search(str(first.get("errmsg", ""))):
            raise
        return why
    return None


class Connections:
    """Runs work on one server; ``prepare`` runs before everything else, once."""

    def __init__(self, address: Address, prepare: Work[None] | None) -> None:
        self.address = address
        self._prepare = prepare
        self._preparing = trio.Lock()
        self._database: Database | None = None
        self._reading = trio.CapacityLimiter(MOST_READING)
        self._writing = trio.CapacityLimiter(1)
        self._closed = False

    async def read(self, work: Work[ResultT]) -> ResultT:
        """What ``work`` gives. Raises ``StorageError``."""
        database = await self._ready()
        return await trio.to_thread.run_sync(self._run, work, database, limiter=self._reading)

    async def write(self, work: Work[ResultT]) -> ResultT:
        """What ``work`` gives, one piece after the other; it may run twice. Raises as ``read``."""
        database = await self._ready()
        return await trio.to_thread.run_sync(self._run, work, database, limiter=self._writing)

    async def close(self) -> None:
        """Let go of every connection; safe to repeat."""
        self._closed = True
        database, self._database = self._database, None
        if database is not None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(database.client.close)

    async def _ready(self) -> Database:
        async with self._preparing:
            if self._closed:
                raise StorageError(f"store: {self.address.shown}: closed already")
            if self._database is None:
                self._database = await trio.to_thread.run_sync(self._open)
            if self._prepare is not None:
                prepare = partial(self._run, self._prepare, self._database)
                await trio.to_thread.run_sync(prepare)
                self._prepare = None
            return self._database

    def _open(self) -> Database:
        try:
            return open_database(self.address)
        except (InvalidURI, ConfigurationError, ValueError):
            raise unreadable() from None
        except PyMongoError as error:
            raise storage_fault(error, self.address) from None

    def _run(self, work: Work[ResultT], database: Database) -> ResultT:
        for tried in range(_TRIED_TWICE):
            try:
                return work(database)
            except ServerSelectionTimeoutError as error:
                raise storage_fault(error, self.address) from None
            except AutoReconnect as error:
                # A connection that lay idle may have been lost with the server long ago.
                if tried:
                    raise storage_fault(error, self.address) from None
            except (PyMongoError, BSONError) as error:
                raise storage_fault(error, self.address) from None
        raise AssertionError("the second try returns or raises")


def storage_fault(error: PyMongoError | BSONError, address: Address) -> StorageError:
    """The error of the library as one of ours; its own words may hold what was written."""
    match error:
        case ServerSelectionTimeoutError():
            words = "no server answers"
        case AutoReconnect():
            words = "the connection was lost"
        case OperationFailure():
            first = _first_of(error)
            name = first.get("codeName") or (error.details or {}).get("codeName") or "it refused"
            words = f"{name} (code {first.get('code', error.code)})"
        case _:
            words = f"it refused what was asked ({type(error).__name__})"
    return StorageError(f"store: {address.shown}: {words}")


def _first_of(error: OperationFailure) -> Mapping[str, Any]:
    """What the server says of the first document that it refused, or of all."""
    details: Mapping[str, Any] = error.details or {}
    found: Sequence[Mapping[str, Any]] = details.get("writeErrors") or [details]
    return found[0]
