"""Documents of the shop's own module, taken over: what they count for in the further questions."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine.control.history import History
from engine.ingest.accept import Ingest
from engine.ingest.people import People
from engine.log.open import open_log
from engine.model.cache import Caches
from engine.model.clock import Millis, system_clock
from engine.release.release import Release
from engine.server.derived import derived_events
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.store.interface import Document, Model
from engine.store.open import open_store
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.conformance.store_documents import NOON, an_id, ask
from tests.support.releases import the_reference_release
from tests.support.stores import SERVERS, server_engine

pytestmark = pytest.mark.trio

MINUTE = 60_000


@pytest.fixture(scope="module")
def release() -> Release:
    return the_reference_release({"SHOP_WRITE_KEY": "k"})


@pytest.fixture(params=["sqlite", *SERVERS])
def url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return "sqlite:analytics.db"
    return server_engine(request.param, request, tmp_path).url


@asynccontextmanager
async def a_history(release: Release, url: str, folder) -> AsyncIterator[History]:
    notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
    async with Databases(folder) as files:
        log = await open_log("sqlite:kept.db", files)
        state = await open_state("sqlite:kept.db", files)
        people = People(state, notices, Caches.off())
        ingest = Ingest(lambda: release, log, state, notices, people)
        store = await open_store(url, files)
        yield History(release, store, derived_events(ingest, system_clock))


def of_the_shop(name: str, model: Model, session: str, after: int, **fields: Any) -> Document:
    at = Millis(NOON + after * MINUTE)
    return Document(an_id(name), model, {"sessionId": session, "userId": "u-1", **fields}, at)


def an_action(name: str, session: str, after: int, event: str, product: str) -> Document:
    fields = {"eventName": event, "eventCategory": "user_interaction", "eventAction": event}
    metadata = {"productId": product, "price": 10, "value": 10, "currency": "COP"}
    return of_the_shop(name, Model.EVENT, session, after, **fields, metadata=metadata)


def a_purchase(name: str, session: str, after: int, *products: str) -> Document:
    return of_the_shop(
        name,
        Model.CONVERSION,
        session,
        after,
        conversionType="purchase",
        conversionValue=20,
        currency="COP",
        orderId=name,
        productIds=list(products),
    )


# Two carts, one of which was bought.
TAKEN_OVER = [
    an_action("v1", "s-1", 0, "product_view", "A"),
    an_action("c1", "s-1", 1, "add_to_cart", "A"),
    an_action("b1", "s-1", 2, "begin_checkout", "A"),
    an_action("p1", "s-1", 3, "add_payment_info", "A"),
    a_purchase("o1", "s-1", 4, "A", "B"),
    an_action("c2", "s-2", 5, "add_to_cart", "A"),
]


async def test_an_order_that_was_taken_over_counts_as_a_purchase_and_makes_no_event(
    release, url, tmp_path
):
    async with a_history(release, url, tmp_path) as history:
        for _ in range(2):
            assert await history.take(TAKEN_OVER) == {}
        store = history.store

        carts = await ask(store, "cart_abandonment")
        funnel = await ask(store, "funnel")
        products = {one["productId"]: one for one in await ask(store, "top_products")}
        events = await ask(store, "events_by_user", userId="u-1")
        # A range whose ends are no whole hours, and where events end before the order.
        since, until = NOON - 1, NOON + 4 * MINUTE + 1
        in_range = await ask(store, "top_products", **{"from": since, "to": until})

    assert carts == {"carts": 2, "purchased": 1, "abandoned": 1, "rate": 0.5}
    assert [one["sessions"] for one in funnel] == [1, 1, 1, 1, 1]
    assert (products["A"]["bought"], products["B"]["bought"]) == (1, 1)
    assert (products["A"]["viewed"], products["A"]["added"]) == (1, 2)
    assert [one["bought"] for one in in_range] == [1, 1]
    assert len(events) == 5


async def test_orders_alone_count_too(release, url, tmp_path):
    async with a_history(release, url, tmp_path) as history:
        await history.take([a_purchase("o1", "s-1", 0, "A"), a_purchase("o2", "s-2", 9, "A")])
        store, since = history.store, NOON + 1
        late = await ask(store, "top_products", **{"from": since})
        (row,) = await ask(store, "top_products")
        summary = await ask(store, "conversions_summary")
    assert (row["productId"], row["bought"]) == ("A", 2)
    assert [one["bought"] for one in late] == [1]
    assert [one["count"] for one in summary["total"]] == [2]


async def test_what_the_store_refuses_is_told_and_stops_nothing(release, ferretdb, tmp_path):
    url = ferretdb.new_url()
    with ferretdb.client(url) as database:
        database["conversion_event_entity"].create_index("userId", unique=True)
    orders = [a_purchase(f"o{number}", "s-1", number, "A") for number in range(3)]
    async with a_history(release, url, tmp_path) as history:
        left_out = await history.take([*orders, *TAKEN_OVER[:2]])
        counts = await history.store.count()
    assert list(left_out.values()) == [2]
    assert (counts[Model.CONVERSION], counts[Model.EVENT]) == (1, 2)


async def test_conversions_count_as_one_however_the_shop_wrote_them(release, url, tmp_path):
    def a_conversion(name: str, kind: str, **fields: Any) -> Document:
        return of_the_shop(name, Model.CONVERSION, "s-1", 0, conversionType=kind, **fields)

    async with a_history(release, url, tmp_path) as history:
        await history.take(
            [
                a_purchase("o1", "s-1", 0, "A"),
                a_conversion("o2", "Compra", conversionValue="40", currency="cop"),
                a_conversion("r1", "registro"),
                a_conversion("r2", "sign_up"),
            ]
        )
        summary = await ask(history.store, "conversions_summary")
    assert summary["total"] == [
        {
            "conversionType": "purchase",
            "currency": "COP",
            "count": 2,
            "value": 60,
            "averageValue": 30,
        },
        {"conversionType": "registration", "count": 2, "value": 0},
    ]
