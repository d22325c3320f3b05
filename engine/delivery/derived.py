"""All files of ``rules/derived/``: one task each, started, watched, stopped together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import trio

from engine.delivery.derive import Deriving
from engine.delivery.made import Around
from engine.model.errors import StorageError
from engine.model.event import Event
from engine.model.window import Standing
from engine.release.derived import Derived
from engine.release.destination import Mode

PASS_EVERY_S = 1.0
RESTART_AFTER_S = 5.0


@dataclass(slots=True)
class DerivedEvents:
    """The consumers of a release's files; ``run`` until cancelled, which may be at any moment."""

    files: Sequence[Derived]
    around: Around
    _running: dict[str, Deriving] = field(default_factory=dict)

    async def create_groups(self) -> None:
        """Make each file a reader of the log: a new one starts at its end."""
        for one in self.files:
            await self.around.log.create_group(one.group)

    async def run(self) -> None:
        """Run every file; one that fails starts again and disturbs no other."""
        async with trio.open_nursery() as nursery:
            for one in self.files:
                if one.mode is Mode.LIVE:
                    nursery.start_soon(self._keep_running, one)
            nursery.start_soon(self._pass_over, [one for one in self.files if _is_off(one)])

    async def count_history(self, events: Sequence[Event]) -> None:
        """Count events of a time before the log in every file that waits for nothing.

        Nothing is made of them. The files are not running.
        """
        for one in self.files:
            if one.mode is Mode.LIVE and one.within_ms is None:
                await Deriving(one, self.around).count_history(events)

    def look(self, name: str) -> None:
        """Something was asked of a file: it looks at once, if it runs."""
        if (running := self._running.get(name)) is not None:
            running.look()

    async def standings(self) -> Mapping[str, Standing]:
        """How each file stands."""
        windows = self.around.state.windows
        return {one.name: await windows.standing(one.name) for one in self.files}

    async def _keep_running(self, derived: Derived) -> None:
        while True:
            running = self._running[derived.name] = Deriving(derived, self.around)
            try:
                await running.run()
            except Exception as error:  # noqa: BLE001 - the edge of a consumer's life
                self.around.notices.alarm("derived", error, derived=derived.name)
                await trio.sleep(RESTART_AFTER_S)

    async def _pass_over(self, files: Sequence[Derived]) -> None:
        """Files that are off: they read nothing, so nothing of theirs may fall due later."""
        let_go = False
        while files:
            try:
                if not let_go:
                    for one in files:
                        await self.around.state.windows.let_go(one.name)
                    let_go = True
                await self.around.log.pass_over([one.group for one in files])
            except StorageError as error:
                self.around.notices.alarm("pass over", error)
            await trio.sleep(PASS_EVERY_S)


def _is_off(derived: Derived) -> bool:
    return derived.mode is Mode.OFF
