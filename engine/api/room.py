"""How many bytes of bodies are held at a time, all requests together.

A key may stand in the body alone, so a body is taken in before it is known who sent it. Without a
common bound a few connections would fill the memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.model.errors import Refused

CLAIM = "encamina.claim"
"""Where a request's scope holds its claim."""

SMALL_BYTES = 256 * 1024
LARGE_SHARE = 0.75
"""What larger bodies may fill of the room: the rest is for small ones, whatever happens."""

RETRY_AFTER_S = 5


class Room:
    """The bytes of all bodies that are on their way or being worked on.

    Where it is full, a body that is still coming gives way: one of an unknown sender first, then
    the one that has held most for longest. So neither slow senders nor silent ones fill it for
    long, and who sends with a known key is refused last.
    """

    def __init__(
        self, most_bytes: Callable[[], int], refused: Callable[[], None] = lambda: None
    ) -> None:
        self._most_bytes = most_bytes
        self._refused = refused
        self._coming: set[Claim] = set()
        self.reading = trio.CapacityLimiter(1)
        self.held = 0

    def claim(self) -> "Claim":
        """The claim of one request, of nothing yet."""
        return Claim(self)

    def fit(self, claim: "Claim", size_bytes: int) -> None:
        """Hold so many more bytes for a claim; raises ``Refused`` (503) where there is no room."""
        self.held += size_bytes
        claim.held += size_bytes
        most = self._most_bytes()
        if claim.held > SMALL_BYTES:
            most = int(most * LARGE_SHARE)
        while self.held > most:
            costly = max(self._coming, key=_cost, default=claim)
            self._refused()
            costly.give_way()
            if costly is claim:
                raise no_room()

    def comes(self, claim: "Claim") -> None:
        """The body of this claim is on its way."""
        self._coming.add(claim)

    def came(self, claim: "Claim") -> None:
        """It is here, or will not come."""
        self._coming.discard(claim)


class Claim:
    """What one request holds of the room, until it is answered."""

    __slots__ = ("_evicted", "_room", "_scope", "began_s", "held", "known")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._scope: trio.CancelScope | None = None
        self._evicted = False
        self.held = 0
        self.known = False
        self.began_s = 0.0

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Within this the body is waited for; raises ``Refused`` (503) where it has to give way."""
        self.began_s = trio.current_time()
        self._room.comes(self)
        try:
            with trio.CancelScope() as self._scope:
                yield
        finally:
            self._room.came(self)
        if self._evicted:
            raise no_room()

    @property
    def reading(self) -> trio.CapacityLimiter:
        """Who reads a large body, one at a time: each takes several times its size."""
        return self._room.reading

    def take(self, size_bytes: int) -> None:
        """Hold so many bytes more; raises ``Refused`` (503) where there is no room for them."""
        if self._evicted:
            raise no_room()
        self._room.fit(self, size_bytes)

    def give_back(self, size_bytes: int) -> None:
        """Hold so many bytes less."""
        self.held -= size_bytes
        self._room.held -= size_bytes

    def give_way(self) -> None:
        """Hold nothing any more, and end the waiting for this body."""
        self._evicted = True
        self._room.came(self)
        self.give_back(self.held)
        if self._scope is not None:
            self._scope.cancel()


class Roomed:
    """An app whose requests each have a claim of the room, which ends with their answer."""

    def __init__(self, app: ASGIApp, room: Room) -> None:
        self._app = app
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer; then nothing is held any more."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[CLAIM] = claim = self._room.claim()
        try:
            await self._app(scope, receive, send)
        finally:
            claim.give_back(claim.held)


def claim_of(request: Request) -> Claim:
    """The claim of a request; an app that stands alone has room without end."""
    claim = request.scope.get(CLAIM)
    return claim if isinstance(claim, Claim) else Room(lambda: 2**62).claim()


def no_room() -> Refused:
    """What a request is told for which there is no room, or no more."""
    message = "too much is being sent at the moment; nothing was kept, send it again"
    return Refused(503, "no_room", message, retry_after_s=RETRY_AFTER_S)


def _cost(claim: Claim) -> tuple[bool, float]:
    return not claim.known, claim.held * (trio.current_time() - claim.began_s)
