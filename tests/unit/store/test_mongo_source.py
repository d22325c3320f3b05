"""The shop's own collections as a source: which documents are taken over, and under which id."""

from collections import Counter

import pytest
from bson import Binary, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from engine.store.imports import Imported
from engine.store.interface import Document, Model
from engine.store.mongo.address import COLLECTIONS
from engine.store.mongo.connection import address_of
from engine.store.mongo.source import (
    OF_ANOTHER_KIND,
    OF_THE_STORE,
    WITHOUT_TIME,
    MongoSource,
)

pytestmark = pytest.mark.trio

FITTING = [
    ObjectId("65a1b2c3d4e5f60718293a4b"),
    ObjectId("65a1b2c3d4e5f60718293a4c"),
    "order-1",
    "order-2",
    "",
    12,
    Int64(2**40),
    -7,
    12.5,
    b"\x00\x01",
    Binary(b"\x07" * 16, 4),
    Binary(b"\x08" * 16, 4),
]
OTHERS = [{"shop": 1, "order": 2}, True, None, DatetimeMS(0)]


def filled(ferretdb) -> str:
    """The URL of a shop whose page views have ids of many kinds."""
    url = ferretdb.new_url()
    rows = [{"_id": id_, "pageUrl": "/a", "timestamp": DatetimeMS(1000)} for id_ in FITTING]
    rows += [{"_id": id_, "timestamp": DatetimeMS(1000)} for id_ in OTHERS]
    rows += [{"_id": "no-time", "pageUrl": "/a"}, {"_id": 99, "timestamp": "some day"}]
    with ferretdb.client(url) as database:
        database[COLLECTIONS[Model.PAGE_VIEW]].insert_many(rows)
    return url


async def read_all(
    source: MongoSource, model: Model = Model.PAGE_VIEW, limit: int = 2
) -> tuple[list[Document], Counter[str], list[str | None]]:
    """All documents, what is left out, and the places where one could go on."""
    documents: list[Document] = []
    left_out: Counter[str] = Counter()
    places: list[str | None] = [None]
    while True:
        batch = await source.read(model, places[-1], limit)
        documents += batch.documents
        left_out += Counter(batch.left_out)
        if batch.last is None:
            return documents, left_out, places
        places.append(batch.last)


async def test_documents_whose_id_is_no_objectid_are_taken_over_under_one_made_from_it(ferretdb):
    source = MongoSource.at(filled(ferretdb))
    try:
        documents, left_out, _ = await read_all(source)
        again, _, _ = await read_all(source, limit=100)
        counted = await source.count()
    finally:
        await source.close()

    ids = [one.id for one in documents]
    assert ids[:2] == ["65a1b2c3d4e5f60718293a4b", "65a1b2c3d4e5f60718293a4c"]
    assert len(set(ids)) == len(ids) == len(FITTING)
    assert all(ObjectId.is_valid(one) for one in ids)
    assert [one.id for one in again] == ids
    assert left_out == {OF_ANOTHER_KIND: len(OTHERS), WITHOUT_TIME: 2}
    assert Imported(Model.PAGE_VIEW, len(FITTING), left_out=dict(left_out)) in counted


async def test_a_run_goes_on_at_every_place_that_was_told(ferretdb):
    source = MongoSource.at(filled(ferretdb))
    try:
        documents, _, places = await read_all(source, limit=1)
        left = [
            [one.id for one in (await source.read(Model.PAGE_VIEW, place, 1)).documents]
            for place in places
        ]
        unread = await source.read(Model.PAGE_VIEW, "nonsense", 100)
    finally:
        await source.close()

    # Those without a time give a place too, and no document.
    assert [one for some in left for one in some] == [one.id for one in documents]
    assert [one.id for one in unread.documents] == [one.id for one in documents[:2]]


async def test_the_same_id_in_two_collections_gives_two_documents(ferretdb):
    url = ferretdb.new_url()
    with ferretdb.client(url) as database:
        for name in COLLECTIONS.values():
            database[name].insert_one({"_id": 1, "timestamp": DatetimeMS(0)})
    source = MongoSource.at(url)
    try:
        found = [(await read_all(source, model))[0][0].id for model in Model]
    finally:
        await source.close()
    assert len(set(found)) == 4


async def test_what_is_read_from_the_store_itself_keeps_its_id_or_is_left_out(ferretdb):
    url = filled(ferretdb)
    # However it is written, it is the same collection.
    store_url = url.replace("127.0.0.1", "LOCALHOST") + "&eventCollection=more"
    source = MongoSource.at(url, store_url)
    try:
        documents, left_out, _ = await read_all(source)
        counted = await source.count()
    finally:
        await source.close()

    assert [one.id for one in documents] == [str(one) for one in FITTING[:2]]
    assert left_out == {OF_THE_STORE: len(FITTING), OF_ANOTHER_KIND: len(OTHERS)}
    assert Imported(Model.PAGE_VIEW, 2, left_out=dict(left_out)) in counted


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("mongodb://db/shop", "mongodb://u:p@DB:27017/shop?w=1", True),
        ("mongodb://a,b:27018/shop", "mongodb://b:27018,a:27017/shop", True),
        ("mongodb://localhost/shop", "mongodb://127.0.0.1:27017/shop", True),
        ("mongodb://[::1]/shop", "mongodb://localhost/shop", True),
        ("mongodb://db/shop", "mongodb://db/other", False),
        ("mongodb://db/shop", "mongodb://db:27018/shop", False),
    ],
)
async def test_a_place_is_the_same_however_it_is_written(one, other, same):
    assert (address_of(one).place == address_of(other).place) is same
