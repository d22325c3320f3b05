"""A look at a data folder changes nothing in it, whoever looks, and however its disk is mounted."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.model.errors import StorageError
from engine.sqlite.connection import connect_to_read, connect_to_write

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and mounts need root")

SERVER = 65534
"""Who serves: somebody else than the administrator who looks."""


def as_server(work):
    """Do it in a process of the server's user, and end as ``kill -9`` ends it."""
    child = os.fork()
    if not child:
        try:
            os.setgid(SERVER)
            os.setuid(SERVER)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.fixture
def folder():
    """A data folder of the server's, below folders that it may enter."""
    path = Path(tempfile.mkdtemp())
    os.chown(path, SERVER, SERVER)
    yield path
    shutil.rmtree(path)


def write(path, number, *, close=True):
    connection = connect_to_write(path)
    connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
    connection.execute("INSERT INTO t VALUES (?)", (number,))
    if close:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def look(path):
    connection = connect_to_read(path)
    found = [row[0] for row in connection.execute("SELECT n FROM t")]
    connection.close()
    return found


def contents(folder):
    return {one.name: (one.stat().st_mtime_ns, one.read_bytes()) for one in folder.iterdir()}


def owners(folder):
    return {one.stat().st_uid for one in folder.iterdir()}


@contextmanager
def mounted_read_only(folder, at):
    at.mkdir()
    bound = subprocess.run(["mount", "--bind", folder, at], capture_output=True, check=False)
    if bound.returncode:
        pytest.skip(f"nothing can be mounted: {bound.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", at], check=True)
        yield at
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def test_the_administrator_looks_and_the_server_goes_on(folder):
    path = folder / "kept.db"
    as_server(lambda: write(path, 1))
    before = contents(folder)

    found = [look(path)]
    after = contents(folder)
    as_server(lambda: write(path, 2, close=False))
    found.append(look(path))
    as_server(lambda: write(path, 3))
    found.append(look(path))

    assert found == [[1], [1, 2], [1, 2, 3]]
    # At most the companions are there then, without content and the server's own.
    assert after["kept.db"] == before["kept.db"]
    assert after.get("kept.db-wal", (0, b""))[1] == b""
    assert owners(folder) == {SERVER}


def test_a_look_beside_a_writer_leaves_its_wal_as_it_is(folder):
    path = folder / "kept.db"
    as_server(lambda: write(path, 1, close=False))
    before = contents(folder)

    assert look(path) == [1]

    after = contents(folder)
    assert {one: after[one] for one in ("kept.db", "kept.db-wal")} == {
        one: before[one] for one in ("kept.db", "kept.db-wal")
    }
    assert owners(folder) == {SERVER}


def test_a_folder_that_is_mounted_read_only_can_be_looked_at_also_beside_a_server(folder, tmp_path):
    path = folder / "kept.db"
    write(path, 1)
    with mounted_read_only(folder, tmp_path / "mounted") as mounted:
        before = contents(folder)
        found = [look(mounted / path.name)]
        after = contents(folder)
        server = connect_to_write(path)
        server.execute("INSERT INTO t VALUES (2)")
        found.append(look(mounted / path.name))
        server.close()

    assert found == [[1], [1, 2]]
    assert after == before


def test_what_a_read_only_disk_hides_is_told_and_no_old_state_is_shown(folder, tmp_path):
    path = folder / "kept.db"
    as_server(lambda: write(path, 1, close=False))
    (folder / "kept.db-shm").unlink()

    with (
        mounted_read_only(folder, tmp_path / "mounted") as mounted,
        pytest.raises(StorageError, match="copy the data folder"),
    ):
        look(mounted / path.name)
