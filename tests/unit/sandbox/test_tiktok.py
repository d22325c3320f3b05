import json

import pytest

PATH = "/tiktok/open_api/v1.3/event/track/"
TOKEN = {"Access-Token": "token"}
NOW = 1_790_000_000
HASH = "09ff201690a530986441837b4c0d820e7d886b9da7b7eab045144eada12ecfd1"


@pytest.fixture
def event():
    return {
        "event": "Purchase",
        "event_time": NOW - 60,
        "event_id": "order-1",
        "user": {"email": HASH, "external_id": [HASH], "ip": "190.24.10.7"},
        "page": {"url": "https://tienda.example/gracias"},
        "properties": {
            "contents": [{"content_id": "A56", "price": 1899900, "quantity": 1}],
            "currency": "COP",
            "value": 1899900,
        },
    }


@pytest.fixture
def tell(sandbox):
    def tell(*events, headers=TOKEN, **fields):
        body = {"event_source": "web", "event_source_id": "C0DE", "data": [*events], **fields}
        return sandbox.post(PATH, body, headers=headers)

    return tell


def test_a_good_event_is_answered_with_code_0_and_its_key_recorded(sandbox, tell, event):
    answer = tell(event)

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"code", "message", "request_id", "data"}
    assert (body["code"], body["message"], body["data"]) == (0, "OK", {})
    assert sandbox.last()["accepted"] == ["order-1"]
    assert sandbox.last()["diagnostics"] == []


def test_the_bad_event_of_a_batch_is_refused_and_the_good_one_taken(sandbox, tell, event, change):
    answer = tell(event, change(event, {"event": ...}))

    assert answer.status_code == 200
    assert answer.json()["code"] == 20001
    assert "data.1.event" in answer.json()["message"]
    assert sandbox.last()["accepted"] == ["order-1"]


def test_a_bad_event_alone_is_bad_data(sandbox, tell, event, change):
    answer = tell(change(event, {"event": ...}))

    assert (answer.status_code, answer.json()["code"]) == (200, 40002)
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize("headers", [{}, {"Access-Token": ""}, {"Access-Token": "invalid"}])
def test_a_wrong_token_is_told_with_status_200_too(tell, event, headers):
    answer = tell(event, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (200, 40001)


@pytest.mark.parametrize(
    "fields",
    [
        {"event_source": "website"},
        {"event_source_id": ""},
        {"data": []},
        {"data": {}},
        {"data": None},
    ],
)
def test_a_request_of_another_shape_is_refused_whole(sandbox, tell, event, fields):
    answer = tell(event, **fields)

    assert answer.json()["code"] == 40002
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"null"])
def test_a_body_that_is_no_object_is_bad_data(sandbox, raw):
    answer = sandbox.ask("POST", PATH, content=raw, headers=TOKEN)

    assert (answer.status_code, answer.json()["code"]) == (200, 40002)


def test_a_thousand_events_are_taken_and_one_more_is_refused(tell, event):
    assert tell(*[event] * 1000).json()["code"] == 0
    assert tell(*[event] * 1001).json()["code"] == 40002


def test_a_test_event_goes_alone(tell, event):
    assert tell(event, test_event_code="TEST1").json()["code"] == 0
    assert tell(event, event, test_event_code="TEST1").json()["code"] == 40002


def test_one_event_and_id_counts_once_within_48_hours(sandbox, tell, event, change):
    tell(event)
    tell(event)
    assert sandbox.noted() == {"duplicate"}

    tell(change(event, {"event": "Lead"}))
    assert sandbox.noted() == set()

    sandbox.now += 48 * 3600 + 1
    tell(change(event, {"event_time": int(sandbox.now)}))
    assert sandbox.noted() == set()


def test_another_address_is_not_there(sandbox, event):
    assert sandbox.post("/tiktok/open_api/v1.2/event/track/", {"data": [event]}).status_code == 404
    assert sandbox.ask("GET", PATH).status_code == 404


@pytest.mark.parametrize(
    ("fault", "code"), [("throttled", 40100), ("token-expired", 40001), ("internal", 50000)]
)
def test_its_faults_are_answers_with_status_200(sandbox, tell, event, fault, code):
    sandbox.told_to(f"tiktok={fault}")

    answer = tell(event)

    assert (answer.status_code, answer.json()["code"]) == (200, code)
    assert sandbox.last()["accepted"] == []


def test_every_message_says_where_and_what_is_expected(tell, event, change):
    bad = change(event, {"properties/value": "12", "user/email": "ana@example.com"})

    said = tell(bad).json()["message"]

    assert said.startswith("data.0.")
    assert "expected" in said
    assert "ana@example.com" not in json.dumps(said)
