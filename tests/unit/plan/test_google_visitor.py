"""Who GA4 takes a visitor for, in which session, from where and with what."""

from urllib.parse import quote

import pytest

from tests.unit.plan.google_payloads import (
    STREAM,
    hashed,
    of_person,
    order,
    params,
    payload,
    with_context,
)

BEGAN = 1_795_186_000
"""A session that began 13 minutes before the events of ``an_event``."""

GS1 = f"GS1.1.{BEGAN}.14.0.{BEGAN}.6.0.295082955"
GS2 = f"GS2.1.s{BEGAN}$o1$g0$t{BEGAN + 90}$j0$l0$h0"


@pytest.mark.parametrize(
    ("cookie", "client_id"),
    [
        ("GA1.1.1162820436.1749482504", "1162820436.1749482504"),
        ("GA1.2-2.1162820436.1749482504", "1162820436.1749482504"),
        (quote("GA1.1.1162820436.1749482504"), "1162820436.1749482504"),
        ("1162820436.1749482504", "1162820436.1749482504"),
    ],
)
def test_the_client_id_is_the_cookies(cookie, client_id):
    assert payload(with_context(cookies={"_ga": cookie}))["client_id"] == client_id
    assert payload(with_context(ga_client_id=cookie))["client_id"] == client_id


@pytest.mark.parametrize("cookie", ["garbage", "GA1.1.abc.def", "", "FPID2.2.a%2Bb%3D.1"])
def test_a_cookie_of_another_form_gives_no_client_id(cookie):
    without = payload(with_context())["client_id"]

    assert payload(with_context(cookies={"_ga": cookie}))["client_id"] == without


@pytest.mark.parametrize(
    "cookie",
    [GS1, GS2, f"GS2.1.o1$g0$t1$x9$s{BEGAN}$h0$$j", quote(GS2), str(BEGAN)],
    ids=["GS1", "GS2", "shuffled", "encoded", "id"],
)
def test_the_session_is_that_of_our_streams_cookie(cookie):
    others = {"_ga_AAAA": f"GS1.1.{BEGAN - 9}.1.0.1.0.0.0", "_ga": "GA1.1.1.2"}

    sent = params(with_context(cookies={**others, STREAM: cookie}))

    assert sent["session_id"] == str(BEGAN)
    assert sent["engagement_time_msec"] > 0


@pytest.mark.parametrize("cookie", ["GS3.1.s1", "GS1.1.x.1", "GS2.1.o1$g0", "", "s1"])
def test_a_session_cookie_of_another_form_gives_none(cookie):
    assert "session_id" not in params(with_context(cookies={STREAM: cookie}))


@pytest.mark.parametrize("given", [GS2, BEGAN, str(BEGAN)])
def test_the_session_that_the_page_told_goes_first(given):
    sent = params(
        with_context(ga_session_id=given, cookies={STREAM: f"GS1.1.{BEGAN - 9}.1.0.1.0.0.0"})
    )

    assert sent["session_id"] == str(BEGAN)


@pytest.mark.parametrize(
    ("began", "joins"), [(BEGAN, True), (1_795_100_398, True), (1_795_100_397, False)]
)
def test_an_event_joins_a_session_that_began_within_24_hours(began, joins):
    sent = params(with_context(cookies={STREAM: f"GS1.1.{began}.1.0.1.0.0.0"}))

    assert ("session_id" in sent) is joins


def test_a_refund_joins_no_session():
    refund = {
        **with_context("Order Refunded", cookies={STREAM: GS2}),
        "properties": order()["properties"],
    }

    sent = params(refund)

    assert "session_id" not in sent
    assert (sent["transaction_id"], sent["value"], len(sent["items"])) == ("SO-1001", 1_399_700, 2)


def test_a_person_goes_as_hashes_by_googles_forms():
    sent = of_person(
        email="Jane.Doe+x@GoogleMail.com ",
        phone="+1 (555) 123-4567",
        firstName="Jane ",
        lastName="O'Doe 2",
        address={"street": "Cra. 43A # 1-50", "city": "Medellín 2"},
        country="US",
    )

    data = payload(sent)["user_data"]

    assert data["sha256_email_address"] == [
        "e220b217317ab3bee8516c5875b87837e6a242d5ae9cdab9249adfb2233a9c4c"
    ]
    assert data["sha256_phone_number"] == [
        "8a59780bb8cd2ba022bfa5ba2ea3b6e07af17a7d8b30c1f9b3390e36f69019e4"
    ]
    assert data["address"] == [
        {
            "sha256_first_name": hashed("jane"),
            "sha256_last_name": hashed("odoe"),
            "sha256_street": hashed("cra 43a 150"),
            "city": "medellín",
            "country": "US",
        }
    ]


def test_place_and_device_go_where_there_is_no_address_and_no_browser():
    told = {
        "location": {"country": "Colombia", "region": "ANT", "city": "Medellín"},
        "device": {"type": "android", "manufacturer": "Samsung", "model": "S26"},
        "os": {"name": "Android", "version": 16},
        "screen": {"width": 1080, "height": 2340},
    }

    without, beside = (
        payload(with_context(**told, ip=None, userAgent=None)),
        payload(with_context(**told)),
    )

    assert without["user_location"] == {
        "city": "Medellín",
        "region_id": "CO-ANT",
        "country_id": "CO",
    }
    assert without["device"] == {
        "category": "mobile",
        "brand": "Samsung",
        "model": "S26",
        "operating_system": "Android",
        "operating_system_version": "16",
        "screen_resolution": "1080x2340",
    }
    assert not {"user_location", "device"} & beside.keys()
    assert {"ip_override", "user_agent"} <= beside.keys()


@pytest.mark.parametrize(
    ("ip", "sent"),
    [("186.80.12.7", "186.80.12.0"), ("10.0.0.7", None), ("192.168.1.4", None), ("unknown", None)],
)
def test_an_address_is_cut_and_a_private_one_stays_here(ip, sent):
    assert payload(with_context(ip=ip)).get("ip_override") == sent
