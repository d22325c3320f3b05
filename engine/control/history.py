"""Documents of another analytics module, taken over as if their events had come back then.

Each goes through the mapping of its own route and the rules of the store, so that it answers the
further questions as well, and orders count for first and repeat purchase. Nothing enters the log,
and no event is made of it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.delivery.derived import DerivedEvents
from engine.model.clock import to_iso
from engine.model.errors import DocumentsRefused
from engine.model.event import Event
from engine.model.jsonvalue import Body, as_body
from engine.pipeline.admit import take as normalised
from engine.pipeline.decide import decide
from engine.pipeline.posted import Came, posted_events
from engine.release.inbound import InboundMapping
from engine.release.release import Release
from engine.store.imports import LeftOut
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

    async def take(self, documents: Sequence[Document]) -> LeftOut:
        """Keep these, and count their orders; both may be done again. What the store refuses."""
        read = [self._read(one) for one in documents]
        left_out = Counter[str]()
        try:
            await self.store.write([one.document for one in read])
        except DocumentsRefused as error:
            left_out.update(error.reasons.values())
        # Conversions alone: the same order as an event of category conversion is no second one.
        await self.derived.count_history(
            [
                one.event
                for one in read
                if one.event is not None and one.document.model is Model.CONVERSION
            ]
        )
        return left_out

    def _read(self, document: Document) -> _Read:
        """The document with all that its event means.

        A conversion that came live is an event of the store too, which says what it is about. Here
        it has none, so it says that itself.
        """
        mapping = self._mapping(document.model)
        event = None if mapping is None else _event_of(self.release, mapping, document)
        if event is None or mapping is None or self.release.store is None:
            return _Read(document, event)
        decided = decide(self.release.store, event, mapping.source, document.at)
        bodies = [one.payload.body for one in decided if one.payload is not None]
        about = dict(document.about)
        # Its own model's comes last, as it knows best.
        for body in sorted(bodies, key=lambda one: one.get("model") == document.model.value):
            about |= as_body(body.get("about"))
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
