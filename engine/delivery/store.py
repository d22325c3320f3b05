"""The way into the analytics store: payloads become documents, and nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from engine.model.clock import from_iso
from engine.model.delivery import Dead, Delivered, Outcome, Retry
from engine.model.errors import DocumentsRefused, StorageError
from engine.model.jsonvalue import as_body
from engine.pipeline.batch import Item
from engine.store.ids import document_id
from engine.store.interface import Document, Model, Store


@dataclass(frozen=True, slots=True)
class Keeping:
    """What stands in the place of a vendor: ``hand_over`` says what became of each payload."""

    store: Store

    async def hand_over(self, batch: Sequence[Item]) -> list[Outcome]:
        """Keep all of them in one write; what is no document, or is refused as one, is dead."""
        made = [_document(item) for item in batch]
        documents = [one for one in made if isinstance(one, Document)]
        kept: Outcome = Delivered()
        refused: Mapping[str, str] = {}
        try:
            await self.store.write(documents)
        except DocumentsRefused as error:
            refused = error.reasons
        except StorageError as error:
            kept = Retry(str(error))
        return [one if isinstance(one, Dead) else _outcome(one, kept, refused) for one in made]


def _outcome(document: Document, kept: Outcome, refused: Mapping[str, str]) -> Outcome:
    why = refused.get(document.id)
    return kept if why is None else Dead(why)


def _document(item: Item) -> Document | Dead:
    """The payload as a document; why there is none, where the contract did not see to it."""
    payload, key = item.payload.body, item.delivery.key
    model, at = payload.get("model"), payload.get("timestamp")
    if model not in set(Model):
        return Dead(f"model is none of {', '.join(Model)}")
    moment = from_iso(at) if isinstance(at, str) else None
    if moment is None:
        return Dead("timestamp is no ISO 8601 text")
    body = {
        name: value
        for name, value in as_body(payload.get("document")).items()
        if name not in {"_id", "timestamp"}
    }
    name = document_id(item.delivery.message_id, key.rule, key.part)
    about = as_body(payload.get("about"))
    return Document(name, Model(cast("str", model)), body, moment, about)
