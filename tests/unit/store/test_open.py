"""URLs of the store: what is known, what is refused, and what is never shown."""

import sys

import pytest

from engine.model.errors import StorageError
from engine.sqlite.database import Databases
from engine.store.mongo.connection import address_of as mongo_address
from engine.store.open import open_store
from engine.store.postgres.connection import address_of as postgres_address

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://localhost", "no engine is known by 'redis:'"),
        ("postgresql://shop:s3cret/x@db:5432/shop", "can't be read"),
        ("postgresql://shop:s3cret@db/shop?nonsense=1", "can't be read"),
        ('postgresql://db/shop?schema=a"b', "schema is"),
        ("mongodb://shop:s3cret/x@db/shop", "can't be read"),
        ("mongodb://shop:s3c%@db:none/shop", "can't be read"),
        ("mongodb://db", "names no database"),
        ("mongodb://db/shop?eventCollection=", "expected the name of a collection"),
        ("mongodb://db/shop?eventCollection=encamina_facts", "expected the name of a collection"),
        ("mongodb://db/shop?eventCollection=a&pageViewCollection=a", "the same collection"),
    ],
)
@pytest.mark.trio
async def test_a_url_that_makes_no_sense_is_refused_in_words_without_its_password(
    tmp_path, url, says
):
    async with Databases(tmp_path) as databases:
        with pytest.raises(StorageError, match="store: ") as caught:
            await open_store(url, databases)
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "module", "pip"),
    [
        ("postgresql://db/shop", "psycopg", "encamina[postgres]"),
        ("mongodb://db/shop", "pymongo", "encamina[mongo]"),
    ],
)
@pytest.mark.trio
async def test_a_library_that_is_missing_is_named_with_its_pip_line(
    tmp_path, monkeypatch, url, module, pip
):
    for name in [name for name in sys.modules if name.startswith("engine.store.")]:
        if name.split(".")[2] in ("postgres", "mongo"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    async with Databases(tmp_path) as databases:
        with pytest.raises(StorageError) as caught:
            await open_store(url, databases)
    assert pip in str(caught.value)


def test_an_address_shows_neither_user_nor_password():
    for address in (
        postgres_address(f"postgresql://shop:{SECRET}@db:5433/shop?schema=stats&sslmode=disable"),
        mongo_address(f"mongodb://shop:{SECRET}@db:27018/shop?eventCollection=events"),
    ):
        assert SECRET not in repr(address)
        assert address.shown.endswith(("//db:5433/shop", "//db:27018/shop"))


def test_our_own_settings_are_taken_out_of_the_url():
    postgres = postgres_address("postgresql://db/shop?schema=stats&sslmode=disable")
    mongo = mongo_address("mongodb://db/shop?eventCollection=my%20events&w=1")

    assert postgres.schema == "stats"
    assert "schema" not in postgres.conninfo
    assert "sslmode=disable" in postgres.conninfo
    assert mongo.url == "mongodb://db/shop?w=1"
    assert mongo.collections["event"] == "my events"
