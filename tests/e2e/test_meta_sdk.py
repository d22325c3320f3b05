"""Meta's own SDK as a client of the sandbox: what it sends is read, what it is told it understands.

The address is changed and nothing else. ``crash_log=False``, as the SDK else reports to Meta.
"""

import asyncio
import time

import httpx
import pytest
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.delivery_category import DeliveryCategory
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.event_request_async import EventRequestAsync
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from tests.support.processes import sandbox_running

pytestmark = pytest.mark.slow

DATASET = "1234567890"
# The proof of Meta's worked example: secret app-secret, token token-abc.
PROOF = "64ad4b31c7b1a1447bd689c4c0b82425f01d8a3da1ce7a8eb468cc17c0e9d787"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sdk")) as one:
        yield one


@pytest.fixture
def signed_in(sandbox, monkeypatch):
    """The SDK with a token, its requests led to the sandbox."""
    monkeypatch.setattr(FacebookSession, "GRAPH", f"{sandbox.url}/meta")

    def sign_in(token="token-abc"):
        FacebookAdsApi.init("1", "app-secret", token, crash_log=False)

    sign_in()
    yield sign_in
    FacebookAdsApi.set_default_api(None)


def a_purchase(event_id, **changes):
    """What a shop's server hands the SDK."""
    fields = {
        "event_name": "Purchase",
        "event_time": int(time.time()) - 60,
        "event_id": event_id,
        "action_source": ActionSource.WEBSITE,
        "event_source_url": "https://tienda.ejemplo.co/gracias",
        "user_data": UserData(
            email="Lucia.Prueba@Tienda-Ejemplo.CO",
            phone="+57 300-123 4567",
            first_name="ÁNGELA",
            gender=Gender.FEMALE,
            city="Bogotá D.C.",
            country_code="CO",
            client_ip_address="190.24.10.7",
            client_user_agent="Mozilla/5.0",
            fbc="fb.1.1735689600123.PrUeBaClIcK_0-aZ",
        ),
        "custom_data": CustomData(
            value=1899900.0,
            currency="COP",
            order_id=event_id,
            num_items=1,
            contents=[
                Content(
                    product_id="TE-1",
                    quantity=1,
                    item_price=1899900.0,
                    delivery_category=DeliveryCategory.HOME_DELIVERY,
                )
            ],
        ),
    }
    return Event(**{**fields, **changes})


def send(*events, **options):
    return EventRequest(pixel_id=DATASET, events=list(events), **options).execute()


def send_async(*events, **options):
    return asyncio.run(
        EventRequestAsync(pixel_id=DATASET, events=list(events), **options).execute()
    )


def last(sandbox):
    """What the sandbox kept of the newest request."""
    return httpx.get(f"{sandbox.url}/received", params={"vendor": "meta"}).json()["items"][-1]


WAYS = pytest.mark.parametrize("way", [send, send_async])


@WAYS
@pytest.mark.usefixtures("signed_in")
def test_the_sdk_s_events_are_taken_and_it_reads_the_answer(sandbox, way):
    answer = way(a_purchase(f"{way.__name__}-1"), a_purchase(f"{way.__name__}-2"))

    assert answer.events_received == 2
    assert answer.messages == []
    assert answer.fbtrace_id
    kept = last(sandbox)
    assert kept["accepted"] == [f"{way.__name__}-1", f"{way.__name__}-2"]
    assert kept["diagnostics"] == []


@WAYS
@pytest.mark.usefixtures("signed_in")
def test_a_test_event_code_of_the_sdk_is_seen(sandbox, way):
    way(a_purchase(f"{way.__name__}-test"), test_event_code="TEST12345")

    assert [note["code"] for note in last(sandbox)["diagnostics"]] == ["test_event_code"]


@WAYS
@pytest.mark.usefixtures("signed_in")
def test_the_same_event_twice_is_a_duplicate_and_received(sandbox, way):
    again = a_purchase(f"{way.__name__}-again")
    way(again)

    assert way(again).events_received == 1
    assert [note["code"] for note in last(sandbox)["diagnostics"]] == ["duplicate"]


@pytest.mark.parametrize(("token", "subcode"), [("invalid", None), ("expired", 463)])
def test_a_bad_token_is_an_error_that_the_sdk_reads(signed_in, token, subcode):
    signed_in(token)

    with pytest.raises(FacebookRequestError) as refused:
        send(a_purchase("refused"))

    assert refused.value.api_error_code() == 190
    assert refused.value.api_error_subcode() == subcode


WEEK_S = 7 * 86_400
REFUSED = [
    ({"event_time": int(time.time()) - WEEK_S - 60}, 2804003),
    ({"event_time": int(time.time()) + 3600}, 2804004),
    ({"user_data": UserData(client_user_agent="Mozilla/5.0")}, 2804050),
    ({"user_data": UserData(email="a@b.co", fbc="fb.1.1700000000123.")}, 2804001),
    ({"custom_data": CustomData(value=1.0)}, 2804010),
    ({"custom_data": CustomData(currency="COP")}, 2804009),
]


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(("changes", "subcode"), REFUSED)
def test_one_bad_event_refuses_all_and_the_sdk_reads_why(sandbox, changes, subcode):
    with pytest.raises(FacebookRequestError) as refused:
        send(a_purchase("good"), a_purchase("bad", **changes))

    assert refused.value.api_error_code() == 100
    assert refused.value.api_error_subcode() == subcode
    assert not refused.value.api_transient_error()
    assert last(sandbox)["accepted"] == []


@pytest.mark.usefixtures("signed_in")
def test_an_unknown_key_is_named_with_the_event_s_place():
    bad = a_purchase("bad", custom_data=CustomData(value=1.0, currency="COP", content_name="x"))
    bad.custom_data.contents = [Content(product_id="TE-1", quantity=1)]
    bad.normalize = lambda: {**Event.normalize(bad), "channel": "web"}

    with pytest.raises(FacebookRequestError) as refused:
        send(a_purchase("good"), bad)

    assert refused.value.api_error_subcode() == 2804019
    assert "$['data'][1]" in refused.value.body()["error"]["error_user_msg"]


@pytest.mark.usefixtures("signed_in")
def test_a_page_with_status_200_is_a_failure_to_the_sdk_too(sandbox):
    faults = {"vendor": "meta", "faults": "unavailable-page:1"}
    assert httpx.post(f"{sandbox.url}/faults", json=faults).status_code == 200

    try:
        with pytest.raises(FacebookRequestError) as refused:
            send(a_purchase("page"))
    finally:
        httpx.post(f"{sandbox.url}/faults", json={"vendor": "meta", "faults": ""})

    assert refused.value.http_status() == 200


@pytest.mark.usefixtures("signed_in")
def test_the_sdk_proves_the_app_s_secret_as_the_page_works_it_out():
    assert FacebookAdsApi.get_default_api()._session.appsecret_proof == PROOF
