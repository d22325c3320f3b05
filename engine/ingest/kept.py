"""What the analytics store keeps of an event, as callers are answered."""

from engine.model.clock import Millis
from engine.model.decision import Verb
from engine.model.event import Event, Source
from engine.model.jsonvalue import Body, as_body
from engine.pipeline.decide import decide
from engine.release.destination import Mode
from engine.release.release import Release
from engine.store.ids import document_id

OWN = frozenset({"_id", "timestamp"})


def document_of(
    release: Release, event: Event, source: Source, now: Millis, model: str | None = None
) -> Body | None:
    """The document with its ``_id`` and ``timestamp``, as the store answers it; None for none.

    With a ``model`` it is the first one of that, else the first of all. It is what the store's own
    destination will make of the event, by the same function: to answer needs no wait for that.
    """
    store = release.store
    if store is None or store.mode is not Mode.LIVE:
        return None
    for decision in decide(store, event, source, now):
        if decision.verb is not Verb.SEND or decision.payload is None:
            continue
        payload = decision.payload.body
        kept = as_body(payload.get("document"))
        document = {
            "_id": document_id(event.message_id, decision.rule or "", decision.part),
            **{name: value for name, value in kept.items() if name not in OWN},
            "timestamp": payload.get("timestamp"),
        }
        if model is None or payload.get("model") == model:
            return document
    return None
