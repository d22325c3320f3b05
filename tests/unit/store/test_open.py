"""URLs of the store: what is known, what is refused, and what is never shown."""

import re
import sys

import pytest

from engine.model.errors import LibraryMissing, StorageError
from engine.sqlite.database import Databases
from engine.store.mongo.connection import address_of as mongo_address
from engine.store.open import check_url, open_store
from engine.store.postgres.connection import address_of as postgres_address

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://localhost", "no engine is known by 'redis:'"),
        ("postgresql://shop:s3cret/x@db:5432/shop", "can't be read"),
        ("postgresql://shop:s3cret@db/shop?nonsense=1", 'has no setting "nonsense"'),
        ("postgresql://shop:s3cret@db/shop?schem=x", 'did you mean "schema"?'),
        ("postgresql://db/shop?schema=shop1; drop", 'schema is "shop1; drop"'),
        ("postgresql://shop:a?s3cret=1@db/shop", "can't be read"),
        ('postgresql://db/shop?schema=a"b', "schema is"),
        ("mongodb://shop:s3cret/x@db/shop", "can't be read"),
        ("mongodb://shop:s3c%@db:none/shop", "can't be read"),
        ("mongodb://db", "names no database"),
        ("mongodb://db/shop?eventColection=a", 'did you mean "eventCollection"?'),
        ("mongodb+srv://db/shop?eventcollections=a", 'did you mean "eventCollection"?'),
        ("mongodb://db/shop?maxPoolSize=many", 'the value of "maxPoolSize"'),
        ("mongodb://db/shop?tlsCAFile=/none/such", 'the value of "tlsCAFile"'),
        ("mongodb://db/shop?a=1&s3cret@x", "can't be read"),
        ("sqlite:../../../etc/x.db", "is no file in the data folder"),
        ("sqlite:/etc/x.db", "is no file in the data folder"),
        ("sqlite:stores/../../x.db", "is no file in the data folder"),
        ("sqlite:.", "is no file in the data folder"),
        ("mongodb://db/shop?eventCollection=", "expected the name of a collection"),
        ("mongodb://db/shop?eventCollection=encamina_facts", "expected the name of a collection"),
        ("mongodb://db/shop?eventCollection=a&pageViewCollection=a", "the same collection"),
    ],
)
@pytest.mark.trio
async def test_a_url_that_makes_no_sense_is_refused_in_words_without_its_password(
    tmp_path, url, says
):
    folder = tmp_path / "a" / "data"
    folder.mkdir(parents=True)
    async with Databases(folder) as databases:
        with pytest.raises(StorageError, match="store: ") as caught:
            await open_store(url, databases)
    with pytest.raises(StorageError) as told:
        check_url(url)
    assert says in str(caught.value) == str(told.value)
    assert SECRET not in str(caught.value)
    assert [*tmp_path.rglob("*.db")] == []


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:analytics.db",
        "postgres://db/shop?sslmode=disable&ssl=true&connect_timeout=3&schema=s",
        "mongodb://db/shop?retryWrites=true&w=majority&appName=C0&authMechanism=SCRAM-SHA-256",
        "mongodb+srv://u:p@db.example/shop?srvMaxHosts=2&retryWrites=true&eventCollection=e",
    ],
)
def test_a_url_that_makes_sense_passes_and_nothing_is_asked(url):
    check_url(url)


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
        with pytest.raises(LibraryMissing) as caught:
            await open_store(url, databases)
    with pytest.raises(LibraryMissing, match=re.escape(pip)):
        check_url(url)
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
