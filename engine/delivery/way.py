"""What a consumer needs of the way out behind it: requests to a vendor, or a mailbox."""

from collections.abc import Callable, Sequence
from typing import Protocol

from engine.delivery.gate import Gate
from engine.delivery.settle import Settlement
from engine.model.clock import Clock
from engine.pipeline.batch import Item
from engine.telemetry.notices import Notices


class Way(Protocol):
    """Takes batches and settles each of their items; ``jitter`` gives numbers in [0, 1)."""

    @property
    def settlement(self) -> Settlement:
        """Where its records go."""

    @property
    def gate(self) -> Gate:
        """Whether it is open."""

    @property
    def notices(self) -> Notices:
        """Who is told."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def jitter(self) -> Callable[[], float]:
        """What spreads retries."""

    async def send(self, batch: Sequence[Item], *, probe: bool = False) -> None:
        """Have every item of the batch settled, or put off, when this returns."""
