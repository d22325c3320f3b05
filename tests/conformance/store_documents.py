"""Documents of the store as tests write them, and questions as they ask them."""

import hashlib
from typing import Any

from engine.model.clock import Millis, from_iso
from engine.store.interface import Answer, Document, Model, Store
from engine.store.questions import question, read_arguments

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def at(text: str) -> Millis:
    found = from_iso(text)
    assert found is not None
    return found


NOON = at("2026-11-24T12:00:00Z")


def an_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def a_document(
    name: str, model: Model, when: Millis = NOON, about: dict[str, Any] | None = None, **fields: Any
) -> Document:
    return Document(an_id(name), model, {"sessionId": "s-1", **fields}, when, about or {})


def an_event(name: str, when: Millis = NOON, **fields: Any) -> Document:
    whole = {"eventName": "X", "eventCategory": "custom", "eventAction": "x", **fields}
    return a_document(name, Model.EVENT, when, **whole)


def a_view(name: str, when: Millis = NOON, page: str = "/a", **fields: Any) -> Document:
    return a_document(name, Model.PAGE_VIEW, when, pageUrl=page, pageTitle="A", **fields)


def a_conversion(name: str, when: Millis = NOON, **fields: Any) -> Document:
    return a_document(name, Model.CONVERSION, when, **{"conversionType": "purchase", **fields})


def a_click(name: str, when: Millis = NOON, page: str = "/a", **fields: Any) -> Document:
    whole = {"interactionType": "click", "pageUrl": page, **fields}
    return a_document(name, Model.INTERACTION, when, **whole)


async def ask(store: Store, name: str, **arguments: Any) -> Any:
    return (await whole_answer(store, name, **arguments)).value


async def whole_answer(store: Store, name: str, **arguments: Any) -> Answer:
    declared = question(name)
    assert declared is not None
    return await store.ask(read_arguments(declared, arguments))


def ids(documents: Any) -> list[str]:
    return [one["_id"] for one in documents]
