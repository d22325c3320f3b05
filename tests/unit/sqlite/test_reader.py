import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import trio

from engine.model.errors import StorageError
from engine.sqlite.reader import MAX_CONNECTIONS, Reader
from engine.sqlite.writer import Writer

ROOT = Path(__file__).parents[3]
LOOK = """
import os, sys, trio
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from engine.sqlite.reader import Reader

async def look():
    reader = Reader(Path(sys.argv[1]))
    print(await reader.run(lambda one: one.execute("SELECT n FROM t").fetchall()))
    await reader.close()

if "without-rights" in sys.argv and os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
trio.run(look)
"""


def numbers(connection):
    return [row[0] for row in connection.execute("SELECT n FROM t")]


async def make(path, *values):
    writer = await Writer.open(path)
    await writer.run(lambda connection: connection.execute("CREATE TABLE t (n INTEGER)"))
    for value in values:
        await writer.run(lambda one, n=value: one.execute("INSERT INTO t VALUES (?)", (n,)))
    return writer


@pytest.mark.trio
async def test_a_reader_sees_everything_committed_until_now(tmp_path):
    writer = await make(tmp_path / "kept.db", 1)
    reader = Reader(writer.path)

    before = await reader.run(numbers)
    await writer.run(lambda connection: connection.execute("INSERT INTO t VALUES (2)"))
    after = await reader.run(numbers)

    assert (before, after) == ([1], [1, 2])
    await reader.close()
    await writer.close()


@pytest.mark.trio
async def test_a_reader_can_not_write(tmp_path):
    await (await make(tmp_path / "kept.db", 1)).close()
    reader = Reader(tmp_path / "kept.db")

    with pytest.raises(StorageError, match="may not be written"):
        await reader.run(lambda connection: connection.execute("DELETE FROM t"))

    assert await reader.run(numbers) == [1]
    await reader.close()


@pytest.mark.trio
async def test_a_file_that_is_not_there_is_told_and_not_made(tmp_path):
    reader = Reader(tmp_path / "kept.db")

    with pytest.raises(StorageError, match=r"kept\.db: can't be opened"):
        await reader.run(numbers)

    assert list(tmp_path.iterdir()) == []
    await reader.close()


@pytest.mark.trio
async def test_more_readers_than_connections_all_get_their_turn(tmp_path):
    await (await make(tmp_path / "kept.db", 1)).close()
    reader, found = Reader(tmp_path / "kept.db"), []

    async def read():
        found.append(await reader.run(numbers))

    async with trio.open_nursery() as nursery:
        for _ in range(MAX_CONNECTIONS * 3):
            nursery.start_soon(read)

    assert found == [[1]] * (MAX_CONNECTIONS * 3)
    await reader.close()


@pytest.mark.trio
async def test_a_closed_reader_refuses_and_can_be_closed_again(tmp_path):
    await (await make(tmp_path / "kept.db", 1)).close()
    reader = Reader(tmp_path / "kept.db")
    await reader.run(numbers)
    await reader.close()
    await reader.close()

    with pytest.raises(StorageError, match="closed already"):
        await reader.run(numbers)


@pytest.mark.slow
@pytest.mark.trio
async def test_another_process_can_look_while_this_one_writes(tmp_path):
    writer = await make(tmp_path / "kept.db", 1, 2)

    seen = await trio.to_thread.run_sync(look_from_another_process, writer.path)

    assert seen == "[(1,), (2,)]"
    await writer.close()


@pytest.mark.slow
def test_a_folder_that_may_not_be_written_can_be_looked_at():
    folder = Path(tempfile.mkdtemp())
    try:
        trio.run(close_after_making, folder / "kept.db")
        folder.chmod(0o555)

        assert look_from_another_process(folder / "kept.db", "without-rights") == "[(1,)]"
        assert [path.name for path in folder.iterdir()] == ["kept.db"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.slow
def test_where_a_writer_died_and_nothing_may_be_written_no_old_state_is_shown(tmp_path):
    folder = Path(tempfile.mkdtemp())
    try:
        trio.run(copy_while_open, tmp_path / "kept.db", folder)
        folder.chmod(0o555)

        with pytest.raises(AssertionError, match="StorageError"):
            look_from_another_process(folder / "kept.db", "without-rights")
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


async def copy_while_open(path, folder):
    await (await make(path, 1)).close()
    writer = await Writer.open(path)
    await writer.run(lambda connection: connection.execute("INSERT INTO t VALUES (2)"))
    for name in ("kept.db", "kept.db-wal"):
        shutil.copy(path.with_name(name), folder / name)
    await writer.close()


async def close_after_making(path):
    await (await make(path, 1)).close()


def look_from_another_process(path, *options):
    command = [sys.executable, "-c", LOOK, str(path), str(ROOT), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
