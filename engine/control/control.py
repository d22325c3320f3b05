"""What a change needs, and how one is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from engine.delivery.derived import DerivedEvents
from engine.delivery.supervise import Delivery
from engine.ingest.accept import Ingest
from engine.ingest.authenticate import Keys
from engine.log.interface import Log
from engine.model.clock import Clock
from engine.model.errors import EncaminaError
from engine.model.jsonvalue import Body
from engine.release.release import Release
from engine.state.interface import State


class ControlError(EncaminaError):
    """The change can't be made as it was asked for; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Control:
    """The parts of a server, or of a data folder that no server holds.

    Only a server has ``delivery``, ``derived``, and ``keys``, which it consults all the time. What
    is asked of a folder alone takes effect when it is served.
    """

    release: Release
    log: Log
    state: State
    ingest: Ingest
    clock: Clock
    delivery: Delivery | None = None
    keys: Keys | None = None
    derived: DerivedEvents | None = None


Verb: TypeAlias = Callable[[Control, Body], Awaitable[Body]]
"""Makes one change: what was asked, as JSON -> what became of it, as JSON."""
