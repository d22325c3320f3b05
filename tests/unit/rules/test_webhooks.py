"""The webhooks of other services, through the files of the reference project."""

import json
from typing import Any

import pytest

from engine.authoring.dry_inbound import DryInbound, dry_inbound
from engine.model.clock import Millis
from engine.model.verdict import Accepted
from engine.release.release import Release
from tests.support.events import NOW
from tests.support.processes import ROOT
from tests.support.releases import the_reference_release

ENV = {"SHOP_WRITE_KEY": "k"}
WEBHOOKS = (
    "shopify-order", "stripe-payment", "addi-payment", "epyco-payment", "coordinadora-shipment",
)  # fmt: skip


@pytest.fixture(scope="module")
def release() -> Release:
    return the_reference_release(ENV)


def made(release: Release, name: str, body: dict[str, Any]) -> list[DryInbound]:
    mapping = release.inbound(name)
    assert mapping is not None
    return [*dry_inbound(release, mapping, body, Millis(NOW + 7 * 86_400_000))]


def one(release: Release, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The normalised event that a body gives."""
    found = made(release, name, body)
    assert len(found) == 1
    assert isinstance(found[0].verdict, Accepted), found[0]
    return dict(found[0].verdict.event.body)


@pytest.mark.parametrize("name", WEBHOOKS)
def test_the_example_of_each_webhook_is_taken_as_it_is_meant(release, name):
    body = json.loads((ROOT / f"tests/data/inbound/{name}.json").read_text())

    found = made(release, name, body)

    assert found
    assert all(one.is_fine for one in found)


def test_a_webhook_is_closed_until_its_secret_is_set(release):
    secrets = {f"{name.split('-')[0].upper()}_WEBHOOK_SECRET": "s" for name in WEBHOOKS}
    opened = the_reference_release({**ENV, **secrets})

    for name in WEBHOOKS:
        closed, open_ = release.inbound(name), opened.inbound(name)

        assert not closed.post.is_open, name
        assert open_.post.is_open, name


def test_a_payment_without_products_tells_of_the_order_alone(release):
    body = json.loads((ROOT / "tests/data/inbound/stripe-payment.json").read_text())
    body["data"]["object"]["metadata"].pop("product_ids")

    found = made(release, "stripe-payment", body)

    assert isinstance(found[0].verdict, Accepted)
    assert found[0].verdict.event.name == "Order Updated"


def test_what_a_payment_service_tells_beside_makes_no_event(release):
    body = {"id": "evt_1", "type": "customer.created", "data": {"object": {}}}

    assert made(release, "stripe-payment", body) == []


def test_a_refund_is_in_whole_units_where_the_currency_has_no_cents(release):
    paid = {"id": "ch_1", "amount_refunded": 9990, "currency": "clp", "metadata": {"order_id": "1"}}
    body = {
        "id": "evt_1",
        "type": "charge.refunded",
        "created": 1795181465,
        "data": {"object": paid},
    }

    event = one(release, "stripe-payment", body)

    assert (event["event"], event["properties"]["total"]) == ("Order Refunded", 9990)


def test_a_repeated_webhook_is_known_by_its_id(release):
    for name in WEBHOOKS:
        body = json.loads((ROOT / f"tests/data/inbound/{name}.json").read_text())
        first, second = ([one.body["messageId"] for one in made(release, name, body)] for _ in "ab")
        assert first == second
        assert not first[0].startswith("00000000")


@pytest.mark.parametrize("name", [*WEBHOOKS, "clarity-export"])
def test_services_say_that_no_visit_is_behind_what_they_tell(release, name):
    rows = [{"metricName": "Traffic", "information": [{"URL": "/", "totalSessionCount": "3"}]}]
    example = ROOT / f"tests/data/inbound/{name}.json"
    body = rows if name == "clarity-export" else json.loads(example.read_text())

    found = made(release, name, body)

    assert found
    assert {one.verdict.event.body["context"]["visit"] for one in found} == {False}
