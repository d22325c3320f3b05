"""The outbox: what was settled, kept until every archive that asks for it has it in its files."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.model.delivery import Attempt, Delivery


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery as it was settled, without payload; ``number`` counts up over all of them.

    ``delivery`` is None where its record is gone since. ``tries`` are the kept attempts up to then.
    """

    number: int
    delivery: Delivery | None
    tries: Sequence[Attempt] = ()


class Outbox(Protocol):
    """What every engine of the state promises. All writes are durable when they return.

    While anybody asks, each write that gives a delivery a final state, or changes what a final one
    says, notes that delivery in the same write. Deliveries at those that ask are not noted.
    """

    async def ask(self, names: Collection[str]) -> None:
        """From now on these are to get what is settled, and nobody else; safe to repeat.

        Whoever is new gets what is settled from now on. What only others were to get goes.
        """

    async def next(self, name: str, *, limit: int) -> Sequence[Settled]:
        """The first of what ``name`` is still to get, by number; the same again until ``done``."""

    async def done(self, name: str, number: int) -> None:
        """It has all up to that number; what everybody has goes."""
