"""Who takes payloads where nothing is sent: the analytics store, and archives."""

from dataclasses import dataclass, field
from pathlib import Path

from engine.delivery.archive import Archiving
from engine.delivery.archive_files import ArchiveFiles
from engine.delivery.attempt import Taker
from engine.delivery.store import Keeping
from engine.model.clock import Clock
from engine.project.spec import KeepSpec
from engine.release.destination import Destination, Mode
from engine.release.release import Release
from engine.state.interface import State
from engine.store.interface import Store
from engine.telemetry.notices import Notices


@dataclass(slots=True)
class Takers:
    """``store`` is where the store's documents go, ``data`` the folder that archives lie in.

    An archive leaves twice ``keep.free_bytes`` on its disk, so that it is no cause for refusing
    events or removing what the data folder holds.
    """

    state: State
    notices: Notices
    clock: Clock
    store: Store | None
    data: Path
    keep: KeepSpec
    _archives: dict[str, Archiving] = field(default_factory=dict)

    def of(self, destination: Destination) -> Taker | None:
        """Who takes its payloads, None where requests are made.

        An archive and its replays have the same.
        """
        if destination.store is not None and self.store is not None:
            return Keeping(self.store)
        if (spec := destination.archive) is None:
            return None
        files = ArchiveFiles(
            self.data / spec.folder, spec.keep_ms, spec.most_bytes, 2 * self.keep.free_bytes
        )
        outbox = self.state.outbox if asks_for_deliveries(destination) else None
        made = Archiving(destination.name, files, self.notices, self.clock, outbox)
        return self._archives.setdefault(destination.name, made)

    async def ask(self, release: Release) -> None:
        """Have what is settled from now on kept for the archives that want it, and for no other."""
        names = [one.name for one in release.destinations if asks_for_deliveries(one)]
        await self.state.outbox.ask(names)


def asks_for_deliveries(destination: Destination) -> bool:
    """Whether it is an archive that writes down what was settled."""
    its = destination.archive
    return its is not None and its.deliveries and destination.mode is Mode.LIVE
