"""A writer on a file with one table."""

import pytest

from engine.sqlite.writer import Writer


@pytest.fixture
async def writer(tmp_path):
    made = await Writer.open(tmp_path / "kept.db")
    await made.run(lambda connection: connection.execute("CREATE TABLE t (n INTEGER)"))
    yield made
    await made.close()
