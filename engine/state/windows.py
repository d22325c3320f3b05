"""Windows of derived events, as every engine of the state keeps them."""

from collections.abc import Collection, Sequence
from typing import Protocol

from engine.model.clock import Millis
from engine.model.window import Change, Found, Made, Standing, Window


class Windows(Protocol):
    """What is kept for the files of ``rules/derived/``, each by its name.

    All writes are durable when they return.
    """

    async def find(self, name: str, keys: Collection[str], once: Collection[str]) -> Found:
        """The windows of these keys, which of these values were counted, and how far it has read.

        All as of one moment.
        """

    async def due(self, name: str, until: Millis, *, limit: int) -> Sequence[Window]:
        """The windows that fall due by then, the earliest first."""

    async def next_due(self, name: str) -> Millis | None:
        """When the next one falls due; None where none waits."""

    async def write(self, name: str, change: Change) -> Sequence[Made]:
        """Write it whole, with how far the log was read; safe to repeat.

        Gives those of its events that were not made before; they are on their way into the log
        until ``sent``.
        """

    async def unsent(self, name: str) -> Sequence[Made]:
        """The events that are made and not ``sent``, in the order in which they were made."""

    async def sent(self, name: str, ids: Sequence[str]) -> None:
        """The events of these ids are in the log, or never will be."""

    async def names(self) -> Sequence[str]:
        """The files of which anything was ever written, also those that are gone since."""

    async def standing(self, name: str) -> Standing:
        """How it stands."""

    async def list(
        self, name: str, *, holding: str | None = None, limit: int
    ) -> Sequence[tuple[Sequence[str], Window]]:
        """Its windows with their keys, what was touched last first.

        With ``holding`` those alone of which a key holds this text.
        """

    async def shift(self, name: str, by_ms: int, setting: tuple[str, str]) -> None:
        """Let everything fall due so much later, or earlier below 0: the clock was changed.

        In the same step the ``setting`` is stored, a name and a value: which clock that is.
        """

    async def pull_in(self, name: str, until: Millis) -> None:
        """Let nothing fall due after that moment: it was told by a clock that was set back."""

    async def let_go(self, name: str) -> None:
        """Let nothing fall due any more; the figures stay."""

    async def begin_anew(self, name: str) -> None:
        """Forget its windows and what was counted; which events were made stays known.

        In steps that hold no other write up for long: after a crash some of it may be left.
        """

    async def forget(self, name: str, *, windows: Millis, ids: Millis, limit: int) -> int:
        """Remove ``windows`` not touched since then that wait for nothing, and ``ids`` so old.

        Those are what was counted and what was made. Of each at most ``limit``; how many went.
        """
