"""The store: keeps documents of four models, and answers the catalogue's questions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json
from engine.store.questions import Asked


class Model(StrEnum):
    """What a document is, as ``rules/store.yaml`` writes it in ``model:``."""

    EVENT = "event"
    PAGE_VIEW = "page_view"
    CONVERSION = "conversion"
    INTERACTION = "interaction"


@dataclass(frozen=True, slots=True)
class Document:
    """One document to keep.

    ``id`` is 24 hex digits, the same on every attempt and replay (``document_id``); ``body`` has
    the model's fields in camelCase without ``_id`` and ``timestamp``, which is ``at``. ``about`` is
    what it means to the further questions (schemas/payloads/store.yaml); no answer shows it.
    """

    id: str
    model: Model
    body: Body
    at: Millis
    about: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question is answered: a list or an object, as its declaration says.

    ``cursor`` leads to the next page of a list, None on the last.
    """

    value: Json
    cursor: str | None = None


class Store(Protocol):
    """What every engine of the store promises; each call raises ``StorageError`` if it fails.

    Documents of one time stand in the order of their ids; texts are ordered by their UTF-8 bytes.
    So the same documents give the same answers from every engine.
    """

    async def write(self, documents: Sequence[Document]) -> None:
        """Keep these; on disk when it returns. One with an id that is kept replaces that.

        However often a document is written, it counts once in every answer. Raises
        ``DocumentsRefused`` for those that will never be kept, once all others are.
        """

    async def ask(self, asked: Asked) -> Answer:
        """The answer. A document in it has ``_id``, its fields, and ``timestamp`` as ISO 8601."""

    async def count(self) -> dict[Model, int]:
        """How many documents of each model are kept."""

    async def trim(self, before: Millis, *, limit: int) -> int:
        """Remove documents whose time is before that moment, at most ``limit``; how many went.

        They no longer count in any answer.
        """

    async def close(self) -> None:
        """Let go of files and connections."""
