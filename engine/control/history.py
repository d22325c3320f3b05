"""Documents of another analytics module, taken over as if their events had come back then.

Each goes through the mapping of its own route and the rules of the store, so that it answers the
further questions as well, and orders count for first and repeat purchase. Nothing enters the log,
and no event is made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.delivery.derived import DerivedEvents
from engine.model.clock import to_iso
from engine.model.event import Event
from engine.model.jsonvalue import Body, as_body
from engine.pipeline.admit import take as normalised
from engine.pipeline.decide import decide
from engine.pipeline.posted import Came, posted_events
from engine.release.inbound import InboundMapping
from engine.release.release import Release
from engine.store.interface import Document, Model, Store

_CAME = Came()


@dataclass(frozen=True, slots=True)
class _Read:
    """A document with the event that it was; None where no mapping makes one of it."""

    document: Document
    event: Event | None


@dataclass(frozen=True, slots=True)
class History:
    """Takes over batches of documents: into the store, and into the figures of derived events."""

    release: Release
    store: Store
    derived: DerivedEvents

    async def take(self, documents: Sequence[Document]) -> None:
        """Keep these, and count their orders; both may be done again."""
        read = [self._read(one) for one in documents]
        await self.store.write([one.document for one in read])
        # Conversions alone: the same order as an event of category conversion is no second one.
        await self.derived.count_history(
            [
                one.event
                for one in read
                if one.event is not None and one.document.model is Model.CONVERSION
            ]
        )

    def _read(self, document: Document) -> _Read:
        mapping = self._mapping(document.model)
        event = None if mapping is None else _event_of(self.release, mapping, document)
        if event is None or mapping is None or self.release.store is None:
            return _Read(document, event)
        about = next(
            (
                as_body(one.payload.body.get("about"))
                for one in decide(self.release.store, event, mapping.source, document.at)
                if one.payload is not None and one.payload.body.get("model") == document.model.value
            ),
            document.about,
        )
        return _Read(replace(document, about=about), event)

    def _mapping(self, model: Model) -> InboundMapping | None:
        """The route that takes documents of this model."""
        named = (one for one in self.release.inbounds if one.post and one.post.model == model.value)
        return next(named, None)


def _event_of(release: Release, mapping: InboundMapping, document: Document) -> Event | None:
    body: Body = {**document.body, "timestamp": to_iso(document.at), "messageId": document.id}
    made = posted_events(
        release, mapping, body, _CAME, mapping.source, document.at, lambda: document.id
    )
    for one in made:
        event = normalised(release, one.inbound)
        if isinstance(event, Event):
            return event
    return None
