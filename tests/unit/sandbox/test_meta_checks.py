import pytest

NOW = 1_790_000_000
DAY = 86_400


REFUSED = {
    "too old": ({"event_time": NOW - 7 * DAY - 1}, 2804003),
    "ahead of the clock": ({"event_time": NOW + 61}, 2804004),
    "in milliseconds": ({"event_time": NOW * 1000}, 2804004),
    "too old even for a shop": (
        {"action_source": "physical_store", "event_time": NOW - 62 * DAY - 1},
        2804003,
    ),
    "a click id without its value": ({"user_data/fbc": "fb.1.1700000000123."}, 2804001),
    "a clear e-mail address": ({"user_data/em": "lucia@tienda.example"}, 2804016),
    "an MD5 hash": ({"user_data/ph": ["0" * 32]}, 2804016),
    "an empty text for a hash": ({"user_data/country": ""}, 2804016),
    "a short lead id": ({"user_data/lead_id": 123}, 2804036),
    "contents without an id": ({"custom_data/contents": [{"quantity": 1}]}, 2804008),
    "contents without a quantity": ({"custom_data/contents": [{"id": "1"}]}, 2804008),
    "contents of texts": ({"custom_data/contents": ["phone-1"]}, 2804008),
    "a purchase without a currency": ({"custom_data": {"value": 1}}, 2804010),
    "a purchase without anything": ({"custom_data": {}}, 2804010),
    "a purchase without a value": ({"custom_data": {"currency": "COP"}}, 2804009),
    "a blank OS version": ({"app_data": {"extinfo": ["a2", *[""] * 15]}}, 2804043),
    "a messaging event of another name": (
        {
            "action_source": "business_messaging",
            "messaging_channel": "messenger",
            "event_name": "AddToCart",
            "user_data/page_id": "1",
        },
        2804066,
    ),
    "WhatsApp without a click": (
        {
            "action_source": "business_messaging",
            "messaging_channel": "whatsapp",
            "user_data/page_id": "1",
        },
        2804087,
    ),
    "WhatsApp without an account": (
        {
            "action_source": "business_messaging",
            "messaging_channel": "whatsapp",
            "user_data/ctwa_clid": "c",
        },
        2804116,
    ),
    "Messenger without a page": (
        {"action_source": "business_messaging", "messaging_channel": "messenger"},
        2804069,
    ),
    "Instagram without an account": (
        {"action_source": "business_messaging", "messaging_channel": "instagram"},
        2804079,
    ),
    "no customer key": ({"user_data": {}}, 2804050),
    "the user agent alone": ({"user_data": {"client_user_agent": "Mozilla/5.0"}}, 2804050),
    "country and city alone": (
        {"user_data": {"country": ["a" * 64], "ct": ["b" * 64]}},
        2804050,
    ),
    "first name and gender alone": (
        {"user_data": {"fn": ["a" * 64], "ge": ["b" * 64]}},
        2804050,
    ),
}

ACCEPTED = {
    "seven days old": {"event_time": NOW - 7 * DAY},
    "sixty seconds ahead": {"event_time": NOW + 60},
    "a shop's after two months": {
        "action_source": "physical_store",
        "event_time": NOW - 62 * DAY,
    },
    "a time in a text of digits": {"event_time": str(NOW)},
    "a click id with its appendix": {"user_data/fbc": "fb.1.1700000000123.abc.AQYBAQEA"},
    "a hash with an appendix": {"user_data/em": "a" * 64 + ".AQYBAQEA"},
    "a hash in upper case": {"user_data/em": ["A" * 64]},
    "a whole lead id": {"user_data/lead_id": 123456789012345},
    "another event without money": {"event_name": "ViewContent", "custom_data": {}},
    "no custom data at all": {"event_name": "PageView", "custom_data": ...},
    "numbers in texts": {"custom_data/value": "1899.90", "custom_data/num_items": "1"},
    "own properties": {"custom_data/favourite": [1, {"a": None}]},
    "a null": {"opt_out": None},
    "an OS version": {"app_data": {"extinfo": ["a2", "", "", "", "14.1", *[""] * 11]}},
    "a WhatsApp purchase": {
        "action_source": "business_messaging",
        "messaging_channel": "whatsapp",
        "user_data": {"ctwa_clid": "c", "page_id": 1},
    },
    "user agent and address": {
        "user_data": {"client_user_agent": "Mozilla/5.0", "client_ip_address": "190.24.10.7"}
    },
    "an e-mail hash alone": {"user_data": {"em": ["a" * 64]}},
    "an external id alone": {"user_data": {"external_id": "7"}},
    "no action source": {"action_source": ...},
}


@pytest.mark.parametrize(("changes", "subcode"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_event_is_refused_with_its_subcode(
    sandbox, send, meta_event, change, changes, subcode
):
    answer = send(change(meta_event, changes))

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["error_subcode"]) == (100, subcode)
    assert error["type"] == "OAuthException"
    assert error["is_transient"] is False
    assert error["fbtrace_id"]
    assert sandbox.last()["status"] == 400
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_the_nearest_good_event_is_taken(send, meta_event, change, changes):
    answer = send(change(meta_event, changes))

    assert answer.status_code == 200, answer.text
    assert answer.json()["events_received"] == 1


def test_the_time_is_looked_at_before_the_breadth(send, meta_event, change):
    event = change(meta_event, {"event_time": NOW - 8 * DAY, "user_data": {}})

    assert send(event).json()["error"]["error_subcode"] == 2804003
