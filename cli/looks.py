"""Looking at the data folder, read-only, beside a server that may be running."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.output import print_findings
from engine.delivery.pauses import stored_pauses
from engine.log.interface import Log
from engine.log.open import open_log
from engine.model.delivery import State as DeliveryState
from engine.model.errors import DataFolderError, ProjectError
from engine.model.window import of_destinations
from engine.project.read import read_spec
from engine.project.spec import ProjectSpec
from engine.sqlite.database import Databases
from engine.state.interface import State
from engine.state.open import open_state

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """The log and the state of a data folder, opened to look only."""

    log: Log
    state: State


@asynccontextmanager
async def looking(project: Path, folder: Path) -> AsyncIterator[Look]:
    """The data folder of a project; raises ``DataFolderError`` if it was never served."""
    spec = settings_of(project, folder)
    async with Databases(folder, look_only=True) as files:
        yield Look(await open_log(spec.log_url, files), await open_state(spec.state_url, files))


async def delivery_counts(look: Look) -> Mapping[str, Mapping[DeliveryState, int]]:
    """Deliveries by destination and state; what a destination has not read yet is waiting.

    What is on its way at a destination that a person paused counts as paused.
    """
    recorded, pauses = await look.state.delivery_counts(), await stored_pauses(look.state)
    counts = {}
    for name in sorted({*recorded, *of_destinations(await look.log.groups())}):
        states = dict(recorded.get(name, {}))
        # What waits in a mailbox is recorded as waiting.
        states[DeliveryState.WAITING] = states.get(DeliveryState.WAITING, 0)
        states[DeliveryState.WAITING] += await unread(look, name)
        if name in pauses and (retrying := states.pop(DeliveryState.RETRYING, 0)):
            states[DeliveryState.PAUSED] = states.get(DeliveryState.PAUSED, 0) + retrying
        counts[name] = states
    return counts


async def unread(look: Look, destination: str) -> int:
    """Entries that the destination has not finished with and of which it has recorded nothing."""
    if destination not in await look.log.groups():
        return 0  # it is gone: what was recorded is left
    last = await look.log.last_position()
    unread = await look.log.backlog(destination)
    unrecorded = 0
    for start in range(last - unread + 1, last + 1, PAGE):
        positions = range(start, min(start + PAGE, last + 1))
        found = await look.state.deliveries_at(destination, positions)
        unrecorded += len(positions) - len({one.key.position for one in found})
    return unrecorded


def settings_of(project: Path, folder: Path) -> ProjectSpec:
    """The settings; raises ``DataFolderError`` where there is no data folder."""
    spec, findings = read_spec(project)
    if spec is None:
        print_findings(findings)
        raise ProjectError(f"the project in {project.resolve()} can't be read")
    if not folder.is_dir():
        raise DataFolderError(
            f"no data folder {folder}; start `encamina serve`, or name another with --data"
        )
    return spec
