"""Who is connected: a bound on all, and whose place is given away when there is none left."""

import trio

from engine.webserver.bounds import Bounds


class Places:
    """The connections; those that wait for a request give way to new ones, the oldest first.

    A connection that never sent a request gives way before one that is kept between two. So silent
    connections, however many, keep nobody out.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._most = bounds.max_connections
        self._silent: dict[trio.CancelScope, None] = {}
        self._kept: dict[trio.CancelScope, None] = {}
        self._count = 0
        self.stopping = False

    @property
    def count(self) -> int:
        """Connections that are open."""
        return self._count

    def enter(self) -> bool:
        """Take a place, another's if need be; False where all are in the middle of a request."""
        if self._count >= self._most and not self.give_way():
            return False
        self._count += 1
        return True

    def leave(self, scope: trio.CancelScope) -> None:
        """Give the place back."""
        self.busy(scope)
        self._count -= 1

    def waits(self, scope: trio.CancelScope, *, kept: bool) -> None:
        """The connection of this scope waits for a request; ``kept`` if it has sent one before."""
        (self._kept if kept else self._silent)[scope] = None
        if self.stopping:
            scope.cancel()

    def busy(self, scope: trio.CancelScope) -> None:
        """The connection of this scope has a request, and its place is its own."""
        self._silent.pop(scope, None)
        self._kept.pop(scope, None)

    def give_way(self) -> bool:
        """Close the connection that has waited longest; False where none waits."""
        for waiting in (self._silent, self._kept):
            for scope in waiting:
                del waiting[scope]
                scope.cancel()
                return True
        return False

    def stop(self) -> None:
        """Close whoever waits, now and later; requests under way go on to their end."""
        self.stopping = True
        while self.give_way():
            pass
