import pytest
import trio

from engine.model.errors import StorageError
from engine.sqlite.database import Database, Databases

pytestmark = pytest.mark.trio


async def test_a_name_is_opened_once_even_when_asked_for_twice_at_a_time(tmp_path):
    found = []

    async def get(databases):
        found.append(await databases.get("kept.db"))

    async with Databases(tmp_path) as databases, trio.open_nursery() as nursery:
        nursery.start_soon(get, databases)
        nursery.start_soon(get, databases)

    assert found[0] is found[1]


async def test_leaving_closes_every_file_even_when_cancelled(tmp_path):
    with trio.CancelScope() as scope:
        async with Databases(tmp_path) as databases:
            await databases.get("a.db")
            await databases.get("b.db")
            scope.cancel()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "b.db"]


async def test_who_only_looks_makes_no_file_and_can_not_write(tmp_path):
    database = await Database.open(tmp_path / "kept.db", look_only=True)

    with pytest.raises(StorageError, match="opened to look only"):
        _ = database.writer

    assert database.look_only
    assert list(tmp_path.iterdir()) == []
    await database.close()
