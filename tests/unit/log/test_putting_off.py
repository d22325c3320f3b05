"""What is being put off is handed out once it is, and no more than once."""

import pytest
import trio
import trio.testing

from engine.log.open import DAY_MS
from engine.log.sqlite.log import SqliteLog
from engine.model.clock import FrozenClock
from engine.sqlite.database import Database
from tests.support.events import NOW, a_logged_event
from tests.support.logs import nothing_comes, positions

pytestmark = pytest.mark.trio


class LateWriter:
    """A writer whose callers learn late that their work is on disk, as on a busy machine."""

    def __init__(self, writer):
        self._writer = writer
        self.tells = trio.Event()
        self.tells.set()

    async def run(self, work):
        return await self._writer.run(work)

    async def run_together(self, work, item):
        result = await self._writer.run_together(work, item)
        await self.tells.wait()
        return result

    async def close(self):
        await self._writer.close()


@pytest.fixture
async def log(tmp_path):
    database = await Database.open(tmp_path / "kept.db")
    database._writer = LateWriter(database.writer)
    log = await SqliteLog.open(database, FrozenClock(NOW), DAY_MS)
    await log.create_group("meta")
    await log.append([a_logged_event(number) for number in (1, 2, 3)])
    yield log
    await database.close()


async def test_what_begins_to_be_put_off_while_the_reader_looks_is_not_handed_out_yet(log):
    writer = log._database.writer
    await log.read("meta", 10)
    await log.retry("meta", [2], NOW)
    look = log._database.reader.run
    told = trio.Event()

    async def look_late(work):
        if told.is_set():
            return await look(work)
        told.set()
        # The reader has begun to look; now another one is put off, and on disk.
        nursery.start_soon(log.retry, "meta", [1], NOW)
        await trio.sleep(0.1)
        return await look(work)

    writer.tells = trio.Event()
    async with trio.open_nursery() as nursery:
        log._database.reader.run = look_late
        meanwhile = positions(await log.read("meta", 10))
        writer.tells.set()
    after = positions(await log.read("meta", 10))

    assert (meanwhile, after) == ([2], [1])
    assert await nothing_comes(log, "meta")
