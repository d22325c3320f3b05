"""A control over a real log and a real state, without a server."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.control.control import Control
from engine.ingest.accept import Ingest, accept
from engine.ingest.authenticate import Keys
from engine.ingest.people import People
from engine.log.open import LogSettings, open_log
from engine.model.cache import Caches
from engine.model.clock import Millis
from engine.model.verdict import Verdict
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import NOW, an_inbound
from tests.support.releases import a_release

DAY_MS = 86_400_000


@dataclass
class HandClock:
    """A clock that tests set."""

    at: Millis = NOW

    def __call__(self) -> Millis:
        return self.at

    def pass_ms(self, duration: int) -> None:
        self.at = Millis(self.at + duration)


@asynccontextmanager
async def a_control(
    folder: Path, clock: HandClock, changed: dict[str, str] | None = None
) -> AsyncIterator[Control]:
    """A control over the small project, some of its files changed, and its data in ``folder``."""
    release, caches = a_release(folder, changed), Caches.on()
    async with Databases(folder) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(clock, DAY_MS))
        state = await open_state("sqlite:kept.db", files)
        notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
        people = People(state, notices, caches)
        ingest = Ingest(lambda: release, log, state, notices, people)
        for destination in release.destinations:
            await log.create_group(destination.name)
        yield Control(release, log, state, ingest, clock, keys=Keys(release, caches))


async def sent(control: Control, *bodies: Any) -> list[Verdict]:
    """The verdicts over these, as one request."""
    return await accept(control.ingest, [an_inbound(body) for body in bodies])
