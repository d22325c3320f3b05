"""Documents that another analytics module kept, taken over with their ids and times.

Nothing is sent and nothing enters the log. What is taken over again replaces itself, so a run that
was broken off, or one more run, counts nothing twice.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from engine.model.errors import StorageError
from engine.model.jsonvalue import as_body
from engine.store.interface import Document, Model

AT_ONCE = 500
PROGRESS = "store-import.json"
"""The file in the data folder that says how far each source was read."""

SCHEMES: Final = ("mongodb://", "mongodb+srv://")
FORM: Final = "mongodb://USER:PASSWORD@HOST:PORT/DATABASE"


LeftOut: TypeAlias = Mapping[str, int]
"""Documents that can't be taken over: why, and how many."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents of one model; ``last`` is where to go on, None where the source ends."""

    documents: Sequence[Document]
    last: str | None
    left_out: LeftOut = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many documents of a model were taken over so far, and whether that is all."""

    model: Model
    documents: int
    done: bool = False
    left_out: LeftOut = field(default_factory=dict)


class Source(Protocol):
    """Where documents come from; it is only read. Each call raises ``StorageError``."""

    name: str

    async def count(self) -> Sequence[Imported]:
        """How many documents of each model there are to take over, and how many not."""

    async def read(self, model: Model, after: str | None, limit: int) -> Batch:
        """The next of a model after the place ``after``, which an earlier batch had as ``last``.

        Each document stands in one batch, and so does each that is left out.
        """

    async def close(self) -> None:
        """Let go of connections."""


Take: TypeAlias = Callable[[Sequence[Document]], Awaitable[LeftOut]]
"""Takes documents over, all but those that it tells of; it may get a batch again."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a source was read: of each model the last id, and which models are done."""

    after: dict[str, str] = field(default_factory=dict)
    done: tuple[str, ...] = ()


def open_source(url: str, store_url: str = "") -> Source:
    """The source at ``url``; raises ``StorageError`` where it is none that can be read.

    ``store_url`` is the store that it is read into, where that is known.
    """
    if not url.startswith(SCHEMES):
        # What stands there may hold a password.
        scheme = re.match(r"([a-z][a-z0-9+.-]*)://", url)
        found = f"from {scheme[1]}" if scheme else "without mongodb:// at the beginning of the URL"
        raise StorageError(f"no import {found}; expected {FORM}")
    try:
        from engine.store.mongo.source import (  # noqa: PLC0415 - an engine is loaded when asked for
            MongoSource,
        )
    except ImportError as error:
        raise StorageError(
            "the library for MongoDB is not installed; pip install 'encamina[mongo]'"
        ) from error
    return MongoSource.at(url, store_url)


async def import_documents(
    source: Source, take: Take, progress: "Progress", tell: Callable[[Imported], None]
) -> None:
    """Hand all documents of ``source`` to ``take``, going on where the last run was broken off.

    A batch counts as taken over once ``take`` returns; it may get one again.
    """
    place = progress.read(source.name)
    for model in Model:
        if model.value in place.done:
            tell(Imported(model, 0, done=True))
            continue
        count, left_out = 0, Counter[str]()
        while True:
            batch = await source.read(model, place.after.get(model.value), AT_ONCE)
            refused = await take(batch.documents) if batch.documents else {}
            count += len(batch.documents) - sum(refused.values())
            left_out += Counter(batch.left_out) + Counter(refused)
            if batch.last is None:
                break
            place = replace(place, after={**place.after, model.value: batch.last})
            progress.write(source.name, place)
            tell(Imported(model, count))
        place = replace(place, done=(*place.done, model.value))
        progress.write(source.name, place)
        tell(Imported(model, count, done=True, left_out=dict(left_out)))
    progress.forget(source.name)


@dataclass(frozen=True, slots=True)
class Progress:
    """The file that remembers how far a run came; it names no source, only its digest."""

    path: Path

    @classmethod
    def within(cls, folder: Path) -> "Progress":
        """The one of a data folder."""
        return cls(folder / PROGRESS)

    def read(self, source: str) -> Place:
        """How far this source was read; the beginning where nothing is known of it."""
        kept = as_body(self._all().get(_digest(source)))
        after, done = as_body(kept.get("after")), kept.get("done")
        names = {model.value for model in Model}
        return Place(
            {name: one for name, one in after.items() if name in names and isinstance(one, str)},
            tuple(str(one) for one in done) if isinstance(done, list) else (),
        )

    def write(self, source: str, place: Place) -> None:
        """Remember it."""
        kept = {"after": place.after, "done": list(place.done)}
        self._put({**self._all(), _digest(source): kept})

    def forget(self, source: str) -> None:
        """It was read to its end: the next run begins at the beginning."""
        left = {name: one for name, one in self._all().items() if name != _digest(source)}
        if left:
            self._put(left)
        else:
            self.path.unlink(missing_ok=True)

    def _all(self) -> dict[str, object]:
        try:
            found = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _put(self, kept: dict[str, object]) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(kept))
        beside.replace(self.path)


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]
