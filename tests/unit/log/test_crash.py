"""A process that is killed while it appends has lost nothing that it said was kept."""

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from engine.log.open import open_log
from engine.sqlite.database import Databases

ROOT = Path(__file__).parents[3]
APPEND = """
import sys, trio
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from engine.log.open import open_log
from engine.model.event import Event
from engine.sqlite.database import Databases

async def append(log, name):
    for number in range(100_000):
        ids = [f"{name}-{number}-{line}" for line in range(5)]
        await log.append([Event("shop", one, "track", "Lead", 1, 1, {"messageId": one}) for one in ids])
        print("\\n".join(ids), flush=True)

async def main():
    async with Databases(Path(sys.argv[1])) as databases:
        log = await open_log("sqlite:kept.db", databases)
        async with trio.open_nursery() as nursery:
            for name in range(8):
                nursery.start_soon(append, log, name)

trio.run(main)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [50, 2000])
def test_every_append_that_returned_before_a_kill_is_there_afterwards(tmp_path, lines):
    told = kill_after(tmp_path, lines)

    ids, seen = trio.run(reopen, tmp_path, told)

    assert len(told) >= lines
    assert set(told) <= set(ids)
    assert len(ids) == len(set(ids))
    assert len(ids) % 5 == 0, "a batch is there whole or not at all"
    assert all(seen)


def kill_after(folder, lines):
    command = [sys.executable, "-c", APPEND, str(folder), str(ROOT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        told = [child.stdout.readline().strip() for _ in range(lines)]
        child.kill()
        rest = child.stdout.read()
    # A last line without its end was not told whole.
    return told + rest[: rest.rfind("\n") + 1].split()


async def reopen(folder, told):
    async with Databases(folder) as databases:
        log = await open_log("sqlite:kept.db", databases)
        entries = await log.read_range(0, 1_000_000)
        seen = await log.seen([("shop", one) for one in told])
    return [entry.event.message_id for entry in entries], seen
