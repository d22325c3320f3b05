"""What every engine of the analytics store that is a server of its own promises."""

import pytest
import trio
from bson import Int64

from engine.model.clock import Millis
from engine.model.errors import DocumentsRefused, StorageError
from engine.store.interface import Model
from tests.conformance.store_documents import (
    NOON,
    a_click,
    a_conversion,
    a_view,
    an_event,
    an_id,
    ask,
    ids,
)
from tests.support.stores import SERVERS, ServerEngine, server_engine

pytestmark = pytest.mark.trio


@pytest.fixture(params=SERVERS)
def place(request: pytest.FixtureRequest, tmp_path) -> ServerEngine:
    return server_engine(request.param, request, tmp_path)


async def test_a_server_that_is_down_is_an_error_that_names_it_and_no_password(place):
    async with place.store() as store:
        await store.write([a_view("p")])
        place.server.stop()
        try:
            with pytest.raises(StorageError, match=r"store: [a-z]+://127.0.0.1:") as caught:
                await store.write([a_view("q")])
        finally:
            place.server.start()
    assert "p@ss" not in str(caught.value)
    assert "p%40ss" not in str(caught.value)


async def test_a_store_that_was_opened_while_the_server_was_down_works_once_it_is_up(place):
    place.server.stop()
    async with place.store() as store:
        try:
            with pytest.raises(StorageError):
                await store.write([a_view("p")])
        finally:
            place.server.start()
        await store.write([a_view("p")])
        assert await ask(store, "popular_pages") == [{"pageUrl": "/a", "views": 1}]


async def test_what_is_written_twice_at_once_by_two_processes_counts_once(place):
    written = [a_view(f"p{number}") for number in range(20)]

    async def write(store) -> None:
        # Where both collide one is refused, and comes again, as the store's destination does.
        for _ in range(5):
            try:
                await store.write(written)
            except StorageError:
                await trio.sleep(0.05)
            else:
                return
        raise AssertionError("refused five times")

    async with place.store() as one, place.store() as other:
        await one.count()
        await other.count()
        async with trio.open_nursery() as both:
            both.start_soon(write, one)
            both.start_soon(write, other)
        assert await ask(one, "popular_pages") == [{"pageUrl": "/a", "views": 20}]
        assert (await other.count())[Model.PAGE_VIEW] == 20


async def test_texts_sort_by_their_bytes_whatever_the_server_does(place):
    pages = ["/b", "/B", "/a", "/ñ", "/z", "/_", "/1"]
    async with place.store() as store:
        await store.write([a_view(f"p{number}", page=page) for number, page in enumerate(pages)])
        found = [one["pageUrl"] for one in await ask(store, "popular_pages")]
    assert found == sorted(pages, key=str.encode)


async def test_names_and_values_that_a_server_can_not_keep_come_back_all_the_same(place):
    metadata = {
        "$current_url": "/a",
        "web.vitals": {"a.b": [{"$x": 1}]},
        "nul\0name": "nul\0value",
        "100%25": "%2E",
        "": 1,
        "number": {"encaminaDigits": "7", "and": "more"},
        "large": [2**63, -(2**64), 2**63 - 1, 1e300],
        "lists": [1, [2, [3, {"a": [[]]}]]],
        "digits": {"encaminaDigits": "abc"},
        "more digits": [{"encaminaDigits": "9" * 5000}, {"encaminaDigits": "12"}],
        "json": {"encaminaJson": "{"},
    }
    top = {"$top.level": True, "__v": 3, "encaminaDigits": "12"}
    async with place.store() as store:
        # The second time it replaces what is kept.
        for _ in range(2):
            await store.write([an_event("e", metadata=metadata, **top), an_event("f", NOON + 1)])
            other, found = await ask(store, "events_by_session", sessionId="s-1")
            assert other["_id"] == an_id("f")
            assert found["metadata"] == metadata
            assert {name: found[name] for name in top} == top


async def test_a_very_deep_value_comes_back_as_it_was_and_stops_nothing(place):
    deep: object = "end"
    for _ in range(200):
        deep = {"k": deep}
    async with place.store() as store:
        await store.write([an_event("deep", metadata={"deep": deep}), an_event("other", NOON + 1)])
        other, found = await ask(store, "events_by_session", sessionId="s-1")
    assert other["_id"] == an_id("other")
    assert found["metadata"] == {"deep": deep}


async def test_very_long_texts_are_kept_and_counted(place):
    # Beyond what an index of PostgreSQL holds, and nothing that could be packed.
    long = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(2048))
    async with place.store() as store:
        await store.write([a_click("i", page=long, sessionId=long, userId=long, elementId=long)])
        await store.write([an_event("e", sessionId=long, userId=long, eventCategory=long)])
        assert ids(await ask(store, "events_by_user", userId=long)) == [an_id("e")]
        assert ids(await ask(store, "events_by_category", category=long)) == [an_id("e")]
        (found,) = await ask(store, "heatmap", pageUrl=long)
    assert found == {"elementId": long, "count": 1}


async def test_a_command_that_only_looks_makes_nothing(place):
    async with place.store(look_only=True) as looking:
        try:
            found = await ask(looking, "popular_pages")
        except StorageError as error:
            found = str(error)
    assert found in ([], "store: its tables are not there yet; `encamina serve` makes them")


async def test_moments_before_1970_and_far_ahead_are_kept(place):
    moments = [Millis(-30_000_000_000_000), Millis(NOON), Millis(253_000_000_000_000)]
    async with place.store() as store:
        await store.write([a_view(f"p{at}", at) for at in moments])
        found = await ask(store, "session_journey", sessionId="s-1")
        assert (await ask(store, "popular_pages", to=NOON))[0]["views"] == 1
    assert ids(found) == [an_id(f"p{at}") for at in moments]


async def test_an_index_that_the_shop_made_otherwise_is_no_fault(ferretdb, tmp_path):
    url = ferretdb.new_url()
    with ferretdb.client(url) as database:
        database["page_view_event_entity"].create_index(
            [("sessionId", 1), ("timestamp", 1), ("_id", 1)], name="of_the_shop"
        )
    async with ServerEngine(ferretdb, url, tmp_path).store() as store:
        await store.write([a_view("p")])
        assert await ask(store, "popular_pages") == [{"pageUrl": "/a", "views": 1}]


async def test_a_document_that_a_rule_of_the_shop_refuses_is_told_and_all_others_are_kept(
    ferretdb, tmp_path
):
    url = ferretdb.new_url()
    with ferretdb.client(url) as database:
        database["conversion_event_entity"].create_index("orderId", unique=True)
    orders = [a_conversion(f"c{number}", orderId=f"o-{number % 3}") for number in range(4)]
    async with ServerEngine(ferretdb, url, tmp_path).store() as store:
        with pytest.raises(DocumentsRefused) as caught:
            await store.write([*orders, a_view("p")])
        summary = await ask(store, "conversions_summary")
        assert await store.count() == {**dict.fromkeys(Model, 0), "conversion": 3, "page_view": 1}
    assert list(caught.value.reasons) == [an_id("c3")]
    assert "conversion_event_entity: a unique index" in str(caught.value)
    assert summary["total"][0]["count"] == 3


async def test_what_others_have_kept_stops_no_list(ferretdb, tmp_path):
    url = ferretdb.new_url()
    odd = {"encaminaDigits": "abc"}
    with ferretdb.client(url) as database:
        database["analytics_event_entity"].insert_many(
            [
                {"eventCategory": "odd", "metadata": odd, "timestamp": None, "__v": 0},
                {"eventCategory": "odd", "timestamp": 1e300},
                {"eventCategory": "odd", "timestamp": Int64(2**60)},
            ]
        )
    async with ServerEngine(ferretdb, url, tmp_path).store() as store:
        found = await ask(store, "events_by_category", category="odd")
    assert len(found) == 3
    assert [one["metadata"] for one in found if "metadata" in one] == [odd]
    assert all("__v" not in one for one in found)
