"""The shop's four routes, through the files of the reference project."""

import json
import uuid
from typing import Any

import pytest

from engine.authoring.dry_inbound import DryInbound, dry_inbound
from engine.model.clock import from_iso
from engine.model.verdict import Accepted, Quarantined, Rejected
from engine.pipeline.normalise import NAMESPACE
from engine.release.release import Release
from tests.support.processes import ROOT
from tests.support.releases import the_reference_release

NOW = from_iso("2026-11-25T15:00:00Z")
ENV = {"SHOP_WRITE_KEY": "k"}
EVENT = {"eventName": "x", "eventCategory": "custom", "eventAction": "a", "sessionId": "ses-1"}
PAGE = {"pageUrl": "https://tienda.example/p", "pageTitle": "P", "sessionId": "ses-1"}
CONVERSION = {"conversionType": "purchase", "sessionId": "ses-1"}
CLICK = {"interactionType": "click", "pageUrl": "https://tienda.example/p", "sessionId": "ses-1"}
ORDER = {
    **CONVERSION,
    "conversionValue": 5415775,
    "currency": "COP",
    "productIds": ["A", "B"],
    "orderId": "TE-1",
}
ROUTES = ("event", "page-view", "conversion", "interaction")


@pytest.fixture(scope="module")
def release() -> Release:
    return the_reference_release(ENV)


@pytest.fixture(scope="module")
def opened() -> Release:
    return the_reference_release({**ENV, "SHOP_CURRENCY": "COP"})


def made(release: Release, name: str, body: dict[str, Any]) -> list[DryInbound]:
    mapping = release.inbound(name)
    assert mapping is not None
    assert NOW is not None
    return [*dry_inbound(release, mapping, body, NOW)]


def one(release: Release, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The normalised event that a body gives."""
    found = made(release, name, body)
    assert len(found) == 1
    assert isinstance(found[0].verdict, Accepted), found[0]
    return dict(found[0].verdict.event.body)


@pytest.mark.parametrize("route", ROUTES)
def test_the_example_of_each_route_is_taken_as_it_is_meant(release, route):
    body = json.loads((ROOT / f"tests/data/inbound/analytics-{route}.json").read_text())

    found = made(release, f"analytics-{route}", body)

    assert [one.is_fine for one in found] == [True]


@pytest.mark.parametrize(
    ("name", "becomes", "metadata"),
    [
        ("product_view", "Product Viewed", {"productId": "A"}),
        ("Agregar al carrito", "Product Added", {"product_id": "A"}),
        ("remove_from_cart", "Product Removed", {"sku": "A"}),
        ("begin_checkout", "Checkout Started", {"value": 7, "currency": "COP"}),
        ("add_payment_info", "Payment Info Entered", {"paymentMethod": "Addi"}),
        ("purchase", "Order Completed", {"orderId": "1", "currency": "COP", "total": 7, "productIds": ["A"]}),
        ("Compra", "Order Completed", {"orderId": "1", "moneda": "COP", "total": 7, "items": [{"id": "A"}]}),
        ("search", "Products Searched", {"q": "galaxy"}),
        ("registro", "Signed Up", {}),
        ("lead", "Lead", {}),
        ("chatbot_interaction", "Chatbot Message Sent", {}),
        ("web_vital", "Web Vital Measured", {"metric": "LCP", "value": 1900}),
    ],
)  # fmt: skip
def test_the_names_that_the_shop_uses_become_events_of_the_plan(release, name, becomes, metadata):
    found = made(release, "analytics-event", {**EVENT, "eventName": name, "metadata": metadata})

    assert isinstance(found[0].verdict, Accepted)
    assert found[0].verdict.event.name == becomes
    assert found[0].is_fine


def test_a_page_view_that_comes_as_an_event_is_a_page(release):
    event = one(release, "analytics-event", {**EVENT, "eventName": "page_view"})

    assert event["type"] == "page"
    assert "event" not in event


def test_an_unknown_name_stays_an_event_of_its_own_with_its_metadata(release):
    body = {
        **EVENT,
        "eventName": "Ruleta Girada",
        "metadata": {"premio": "10%", "n": [1, {"a": 2}]},
    }

    event = one(release, "analytics-event", body)

    assert event["event"] == "Ruleta Girada"
    assert event["properties"]["premio"] == "10%"
    assert event["context"]["posted"]["document"]["metadata"] == body["metadata"]


def test_an_unknown_category_is_taken_with_a_warning(release):
    found = made(release, "analytics-event", {**EVENT, "eventCategory": "ventas"})

    assert isinstance(found[0].verdict, Accepted)
    assert [one.path for one in found[0].faults] == ["eventCategory"]


@pytest.mark.parametrize("left", ["conversionValue", "currency", "productIds"])
def test_a_purchase_with_its_order_is_one_whatever_else_is_left_out(release, left):
    [found] = made(release, "analytics-conversion", {**ORDER, left: None})

    assert isinstance(found.verdict, Accepted)
    assert found.verdict.event.name == "Order Completed"
    # Without its worth it counts where amounts don't, and nobody sees that in their own body.
    assert [one.path for one in found.faults] == ([] if left == "productIds" else [left])


def test_a_purchase_without_its_order_is_kept_with_a_warning(release):
    body = {**CONVERSION, "conversionValue": 9, "currency": "COP"}
    [found] = made(release, "analytics-conversion", body)

    assert isinstance(found.verdict, Accepted)
    assert found.verdict.event.name == "purchase"
    # Whichever word the shop has for it, the store counts it with the others.
    assert found.verdict.event.body["context"]["posted"]["event"] == "Order Completed"
    assert [one.path for one in found.faults] == ["orderId"]


AS_CUSTOM = "is not as {} needs it, so the event is kept as a custom one"


@pytest.mark.parametrize(
    ("name", "body", "meant", "fields"),
    [
        ("analytics-conversion", {**ORDER, "currency": "$"}, "Order Completed", ["currency"]),
        ("analytics-conversion", {**ORDER, "orderId": "", "currency": "$"}, "Order Completed", ["currency", "orderId"]),
        ("analytics-conversion", {**CONVERSION, "conversionType": "view_product"}, "Product Viewed", ["productIds"]),
        ("analytics-event", {**EVENT, "eventName": "purchase"}, "Order Completed", ["metadata.order_id"]),
        ("analytics-event", {**EVENT, "eventName": "add_to_cart"}, "Product Added", ["metadata.product_id", "metadata.sku"]),
        ("analytics-event", {**EVENT, "eventName": "search"}, "Products Searched", ["metadata.query"]),
    ],
)  # fmt: skip
def test_what_is_not_as_the_plan_needs_it_is_told_by_the_callers_names_each_once(
    release, name, body, meant, fields
):
    [found] = made(release, name, body)

    assert isinstance(found.verdict, Accepted)
    assert found.verdict.event.name == body.get("eventName", body.get("conversionType"))
    assert sorted(one.path for one in found.faults) == fields
    assert {one.message for one in found.faults} == {AS_CUSTOM.format(meant)}
    posted = found.verdict.event.body["context"]["posted"]
    assert (posted["meant"], sorted(posted["wrong"])) == (meant, fields)


@pytest.mark.parametrize(
    ("timestamp", "kept"),
    [
        ("2026-11-20T13:31:07.268Z", "2026-11-20T13:31:07.268Z"),
        ("2026-11-20T08:31:07-05:00", "2026-11-20T13:31:07.000Z"),
        (1795181467268, "2026-11-20T13:31:07.268Z"),
        (None, "2026-11-25T15:00:00.000Z"),
    ],
)
@pytest.mark.parametrize("route", ROUTES)
def test_a_time_comes_as_iso_text_as_milliseconds_or_not_at_all(release, route, timestamp, kept):
    bodies = dict(zip(ROUTES, (EVENT, PAGE, ORDER, CLICK), strict=True))

    event = one(release, f"analytics-{route}", {**bodies[route], "timestamp": timestamp})

    assert event["timestamp"] == kept


@pytest.mark.parametrize(
    "timestamp",
    [
        *("abc", "", "2026-02-30", "2025-02-29", "2026-13-45", "2026-04-31T10:00:00Z"),
        *("2026-11-20T24:00:00Z", "2026-11-20T13:60:00Z", "2026-11-20T13:31:60Z"),
        *("2026-11-20T13:31:07+25:00", "0001-01-01", "1969-12-31", 0, -1, 1e300, 253402300800000),
    ],
)
@pytest.mark.parametrize("route", ROUTES)
def test_a_time_that_never_is_is_refused(release, route, timestamp):
    bodies = dict(zip(ROUTES, (EVENT, PAGE, ORDER, CLICK), strict=True))

    [found] = made(release, f"analytics-{route}", {**bodies[route], "timestamp": timestamp})

    assert isinstance(found.verdict, Rejected)
    assert {reason.path for reason in found.verdict.reasons} == {"timestamp"}


@pytest.mark.parametrize(
    ("timestamp", "is_told"),
    [
        ("2024-02-29", False),
        ("2026-11-25T15:04:59Z", False),
        ("2026-11-25T15:05:01Z", True),
        ("9999-12-31", True),
        (1795619099, False),
        (1795619101, True),
        (1795619101000, True),
    ],
)
@pytest.mark.parametrize("route", ROUTES)
def test_a_time_in_the_future_is_that_of_receiving_and_told(release, route, timestamp, is_told):
    bodies = dict(zip(ROUTES, (EVENT, PAGE, ORDER, CLICK), strict=True))

    [found] = made(release, f"analytics-{route}", {**bodies[route], "timestamp": timestamp})

    assert isinstance(found.verdict, Accepted)
    assert [one.path for one in found.faults] == (["timestamp"] if is_told else [])
    assert found.verdict.event.timestamp <= NOW


@pytest.mark.parametrize("field", ["sessionId", "conversionType"])
def test_a_body_that_lacks_a_field_is_refused_by_its_name(release, field):
    body = {key: value for key, value in ORDER.items() if key != field}

    found = made(release, "analytics-conversion", body)

    assert not isinstance(found[0].verdict, Accepted | None)
    assert [reason.path for reason in found[0].verdict.reasons] == [field]


def test_the_browser_is_the_session_where_none_is_given(release):
    assert one(release, "analytics-page-view", PAGE)["anonymousId"] == "ses-1"
    given = {**PAGE, "anonymousId": "anon-1"}
    assert one(release, "analytics-page-view", given)["anonymousId"] == "anon-1"


def test_an_order_has_the_same_id_each_time_it_is_told(release):
    ids = {one(release, "analytics-conversion", ORDER)["messageId"] for _ in range(2)}
    others = [
        one(release, "analytics-conversion", {**ORDER, **changed})["messageId"]
        for changed in ({"orderId": "TE-2"}, {"conversionType": "refund"}, {"messageId": "m-1"})
    ]

    text = '{"order":"TE-1","source":"shop","type":"purchase"}'
    assert ids == {str(uuid.uuid5(NAMESPACE, text))}
    assert len({*ids, *others}) == 4
    assert others[-1] == "m-1"


def test_an_order_carries_its_products_and_its_worth(release):
    properties = one(release, "analytics-conversion", ORDER)["properties"]

    assert properties["products"] == [{"product_id": "A"}, {"product_id": "B"}]
    assert (properties["total"], properties["currency"]) == (5415775, "COP")


def test_a_currency_is_taken_from_the_settings_and_never_guessed(release, opened):
    body = {**ORDER, "currency": None}

    assert "currency" not in one(release, "analytics-conversion", body)["properties"]
    properties = one(opened, "analytics-conversion", body)["properties"]
    assert properties["currency"] == "COP"


def test_device_and_place_are_kept_whole_and_read_where_they_are_known(release):
    device = {
        "device": "mobile",
        "os": "Android",
        "screen": {"width": 412},
        "odd": [1, {"x": None}],
    }
    place = {"country": "CO", "city": "Medellín", "odd": {"deep": True}, "ip": "203.0.113.24"}
    body = {**PAGE, "deviceInfo": device, "location": place}

    context = one(release, "analytics-page-view", body)["context"]

    assert context["device"] == {"type": "mobile"}
    assert context["os"] == {"name": "Android"}
    assert context["screen"] == {"width": 412}
    assert context["location"] == {"country": "CO", "city": "Medellín"}
    assert context["ip"] == "203.0.113.24"
    assert context["posted"]["document"]["location"] == place
    assert context["posted"]["document"]["deviceInfo"]["odd"] == [1, {}]


@pytest.mark.parametrize(
    "device", [{"os": ["x"], "device": 7}, {"screen": "412x915"}, {"os": {"name": {"a": 1}}}]
)
def test_odd_device_information_costs_no_page_view(release, device):
    found = made(release, "analytics-page-view", {**PAGE, "deviceInfo": device})

    assert isinstance(found[0].verdict, Accepted)


def test_a_click_keeps_where_it_was(release):
    body = {
        **CLICK,
        "x": 188,
        "y": 640,
        "viewportWidth": 412,
        "viewportHeight": 915,
        "scrollDepth": 40,
    }

    event = one(release, "analytics-interaction", body)

    assert event["event"] == "click"
    assert event["context"]["posted"]["document"] == body
    assert event["properties"]["scroll_depth"] == 40


def test_what_one_body_says_of_itself_never_reaches_the_document(release):
    body = {**CLICK, "messageId": "m", "ip": "203.0.113.24", "context": {"locale": "es-CO"}}

    context = one(release, "analytics-interaction", body)["context"]

    assert context["posted"] == {"model": "interaction", "document": CLICK}
    assert (context["ip"], context["locale"]) == ("203.0.113.24", "es-CO")


@pytest.mark.parametrize("route", ROUTES)
def test_an_id_that_is_a_number_is_kept_as_text_also_where_it_is_0(release, route):
    bodies = dict(zip(ROUTES, (EVENT, PAGE, CONVERSION, CLICK), strict=True))
    body = {**bodies[route], "userId": 0, "sessionId": 0}

    document = one(release, f"analytics-{route}", body)["context"]["posted"]["document"]

    assert (document["userId"], document["sessionId"]) == ("0", "0")


def test_an_order_numbered_0_is_text_and_the_products_stay_as_posted(release):
    body = {**ORDER, "orderId": 0, "productIds": [0, 40017, "A"]}

    event, again = (
        one(release, "analytics-conversion", body),
        one(release, "analytics-conversion", body),
    )

    document = event["context"]["posted"]["document"]
    assert (document["orderId"], document["productIds"]) == ("0", [0, 40017, "A"])
    assert event["messageId"] == again["messageId"]


@pytest.mark.parametrize(
    "given", [{}, {"productIds": []}, {"productIds": None}, {"productIds": ["A"]}]
)
def test_a_document_has_the_products_as_they_were_posted(release, given):
    body = {**CONVERSION, **given}

    document = one(release, "analytics-conversion", body)["context"]["posted"]["document"]

    assert document == {key: value for key, value in body.items() if value is not None}


@pytest.mark.parametrize("length", [1, 10, 36, 100])
def test_as_many_products_as_a_conversion_may_have_are_all_kept(release, length):
    body = {**ORDER, "productIds": [f"{number:0{length}}" for number in range(1000)]}

    event = one(release, "analytics-conversion", body)

    assert len(event["context"]["posted"]["document"]["productIds"]) == 1000
    assert len(event["properties"]["products"]) == 1000


def test_metadata_counts_once_toward_the_size_of_an_event(release):
    fits, larger = (
        made(release, "analytics-event", {**EVENT, "metadata": {"text": "x" * size}})[0].verdict
        for size in (30_000, 33_000)
    )

    assert isinstance(fits, Accepted)
    assert isinstance(larger, Quarantined)


@pytest.mark.parametrize("field", ["items", "products", "productIds"])
def test_more_products_than_are_taken_are_refused_by_their_name(release, field):
    metadata = {field: [{"id": f"p{number}"} for number in range(1001)]}

    [found] = made(release, "analytics-event", {**EVENT, "metadata": metadata})

    assert isinstance(found.verdict, Rejected)
    assert [reason.path for reason in found.verdict.reasons] == [f"metadata.{field}"]
    assert "yaml" not in found.verdict.reasons[0].message


@pytest.mark.parametrize("name", ["add_to_cart", "remove_from_cart", "view_product"])
def test_a_conversion_of_one_product_is_a_line_and_not_a_whole_cart(release, name):
    body = {**ORDER, "conversionType": name, "productIds": ["A"], "conversionValue": 10}
    found = made(release, "analytics-conversion", body)
    properties = found[0].verdict.event.body["properties"]

    assert found[0].is_fine
    assert (properties["product_id"], properties["price"]) == ("A", 10)
    assert "products" not in properties


def test_a_checkout_has_all_of_its_products(release):
    event = one(release, "analytics-conversion", {**ORDER, "conversionType": "checkout"})

    assert [line["product_id"] for line in event["properties"]["products"]] == ["A", "B"]


@pytest.mark.parametrize("key", ["items", "products", "productos"])
def test_a_product_may_stand_in_a_list_of_its_own_as_ga4_has_it(release, key):
    line = {"item_id": "A", "item_name": "Galaxy", "price": 10, "quantity": 2}
    body = {**EVENT, "eventName": "add_to_cart", "metadata": {"currency": "COP", key: [line]}}
    found = made(release, "analytics-event", body)
    event = found[0].verdict.event.body

    assert found[0].faults == ()
    assert event["event"] == "Product Added"
    told = {"product_id": "A", "name": "Galaxy", "price": 10, "quantity": 2}
    assert told.items() <= event["properties"].items()
    assert "products" not in event["properties"]


@pytest.mark.parametrize(
    ("route", "body", "path"),
    [
        ("conversion", {**ORDER, "conversionType": "add_to_cart"}, "productIds"),
        (
            "event",
            {**EVENT, "eventName": "Add to cart", "metadata": {"productIds": ["A", "B"]}},
            "metadata",
        ),
    ],
)
def test_several_products_where_one_is_meant_are_told(release, route, body, path):
    found = made(release, f"analytics-{route}", body)
    event = found[0].verdict.event.body

    assert [one.path for one in found[0].faults] == [path]
    assert event["event"] == "Product Added"
    assert event["properties"]["product_id"] == "A"


@pytest.mark.parametrize("key", ["items", "products", "productos", "productIds"])
def test_a_cart_that_is_seen_empty_says_so(release, key):
    body = {**EVENT, "eventName": "view_cart", "metadata": {"cartId": "c", key: []}}
    full = {**body, "metadata": {"cartId": "c", "products": [], "items": [{"id": "A"}]}}

    assert one(release, "analytics-event", body)["properties"]["is_empty"] is True
    assert "is_empty" not in one(release, "analytics-event", full)["properties"]
    unsaid = {**body, "metadata": {"cartId": "c"}}
    assert "is_empty" not in one(release, "analytics-event", unsaid)["properties"]
