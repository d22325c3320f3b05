import pytest

from engine.sandbox.call import Call, Reply
from engine.sandbox.record import MAX_ITEMS, Record, uuid_form

MESSAGE_UUID = "7F1F2D54-8E3C-4A4E-9D0A-0F6B5D1C2E3F"


def numbers(sandbox, **query):
    return [item["n"] for item in sandbox.received(**query)]


def test_an_item_shows_the_whole_request(sandbox):
    sandbox.ask("PUT", "/shop/orders/7/?a=1&b=", json={"id": "7"})

    (item,) = sandbox.received()
    assert item == {
        "n": 1,
        "vendor": "shop",
        "at": "2026-09-21T14:13:20.000+00:00",
        "method": "PUT",
        "path": "/orders/7/",
        "query": {"a": "1", "b": ""},
        "body": {"id": "7"},
        "status": 200,
        "accepted": ["7"],
        "diagnostics": [],
        "fault": None,
    }


def test_numbers_count_over_all_vendors_and_pages_go_on_after_one(sandbox):
    for vendor in ("meta", "shop", "shop", "ga4"):
        sandbox.post(f"/{vendor}/x", {})

    assert numbers(sandbox) == [1, 2, 3, 4]
    assert numbers(sandbox, vendor="shop") == [2, 3]
    assert numbers(sandbox, after=2) == [3, 4]
    assert numbers(sandbox, after=2, vendor="shop") == [3]
    assert numbers(sandbox, limit=2) == [1, 2]
    assert numbers(sandbox, after=9) == []


def test_refused_requests_are_recorded_with_their_status(sandbox):
    sandbox.ask("POST", "/shop/x", content=b"no")

    (item,) = sandbox.received()
    assert (item["status"], item["accepted"], item["body"]) == (400, [], "no")


def test_a_page_has_at_most_a_thousand_items(sandbox):
    record = Record()
    for number in range(1_001):
        record.keep(a_call(b"%d" % number), Reply(200), None)

    page = record.page(None, 0, None, 5_000)

    assert page.count(b'"n":') == 1_000


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"id": "m-1"}, True),
        ({"data": [{"deep": {"id": "m-1-lead"}}]}, True),
        ({"uuid": uuid_form("m-1")}, True),
        ({"id": "x-m-1"}, False),
        ({"m-1": "key"}, False),
        ({"uuid": uuid_form("m-1") + "x"}, False),
    ],
    ids=str,
)
def test_message_id_keeps_what_carries_the_id_or_its_uuid(sandbox, body, found):
    sandbox.post("/shop/x", body)

    assert bool(numbers(sandbox, message_id="m-1")) is found


def test_a_message_id_that_is_a_uuid_is_found_in_lower_case(sandbox):
    sandbox.post("/shop/x", {"uuid": MESSAGE_UUID.lower()})

    assert numbers(sandbox, message_id=MESSAGE_UUID) == [1]


def test_a_body_in_plain_text_is_searched_too(sandbox):
    sandbox.ask("POST", "/shop/x", content=b"m-1 and more")

    assert numbers(sandbox, message_id="m-1") == [1]


def test_the_uuid_form_is_stable():
    assert uuid_form(MESSAGE_UUID) == MESSAGE_UUID.lower()
    assert uuid_form("m-1") == "0299c929-c88c-575f-9ade-8d01866c18ed"


def test_forgetting_lets_the_numbers_go_on(sandbox, ga4_body):
    query = {"measurement_id": "G-TEST", "api_secret": "s"}
    sandbox.post("/ga4/mp/collect", ga4_body, params=query)

    assert sandbox.ask("DELETE", "/received").status_code == 204
    assert sandbox.received() == []
    sandbox.post("/ga4/mp/collect", ga4_body, params=query)

    assert numbers(sandbox, after=1) == [2]
    assert sandbox.noted() == set()


@pytest.mark.parametrize("query", [{"after": "x"}, {"limit": "x"}])
def test_a_page_that_cant_be_read_is_answered_400(sandbox, query):
    assert sandbox.ask("GET", "/received", params=query).status_code == 400


def a_call(raw):
    return Call("shop", "POST", "/x", {}, {}, raw, 0.0)


@pytest.mark.slow
def test_the_oldest_items_make_room():
    record = Record()
    for _ in range(MAX_ITEMS + 2):
        record.keep(a_call(b"{}"), Reply(200), None)

    assert b'"n":2,' not in record.page(None, 0, None, 1)
    assert b'"n":3,' in record.page(None, 0, None, 1)


def test_large_bodies_make_room_by_their_size(monkeypatch):
    monkeypatch.setattr("engine.sandbox.record.MAX_BODIES_BYTES", 100)
    record = Record()
    for _ in range(3):
        record.keep(a_call(b'"' + b"x" * 40 + b'"'), Reply(200), None)

    assert record.page(None, 0, None, 9).count(b'"n":') == 2
