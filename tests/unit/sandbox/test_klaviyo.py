import pytest

PATH = "/klaviyo/api/events"
HEADERS = {"Authorization": "Klaviyo-API-Key pk_demo", "revision": "2026-04-15"}


@pytest.fixture
def attributes():
    return {
        "unique_id": "SO-1",
        "time": "2026-08-14T09:30:00Z",
        "value": 129.9,
        "value_currency": "EUR",
        "metric": {"data": {"type": "metric", "attributes": {"name": "Placed Order"}}},
        "profile": {"data": {"type": "profile", "attributes": {"email": "a@b.example"}}},
        "properties": {"OrderId": "SO-1"},
    }


def post(sandbox, attributes, headers=HEADERS):
    body = {"data": {"type": "event", "attributes": attributes}}
    return sandbox.post(PATH, body, headers=headers)


def test_a_good_event_is_202_with_an_empty_body(sandbox, attributes):
    answer = post(sandbox, attributes)

    assert (answer.status_code, answer.content) == (202, b"")
    assert sandbox.last()["accepted"] == ["SO-1"]
    assert sandbox.noted() == set()


def test_a_request_without_a_revision_is_refused(sandbox, attributes):
    answer = post(sandbox, attributes, {"Authorization": HEADERS["Authorization"]})

    assert answer.status_code == 400
    assert "revision" in answer.json()["errors"][0]["detail"]


def test_a_refusal_points_into_the_body(sandbox, attributes, change):
    bad = change(attributes, {"metric/data/attributes/name": "a" * 128})

    [error] = post(sandbox, bad).json()["errors"]

    assert (error["status"], error["code"]) == (400, "invalid")
    assert error["source"] == {"pointer": "/data/attributes/metric/data/attributes/name"}


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"profile/data/attributes/email": ...}, "One of email"),
        ({"profile/data/attributes/phone_number": "3007654321"}, "E.164"),
        ({"time": "2000-00-01"}, "ISO 8601"),
        ({"time": "2027-09-24T00:00:00Z"}, "one year ahead"),
        ({"properties/list": ["a"] * 4001}, "4000 elements"),
        ({"properties/text": "ñ" * 50_001}, "100 KB"),
        ({"value": "129.90"}, "number"),
    ],
)
def test_what_is_refused(sandbox, attributes, change, changes, detail):
    answer = post(sandbox, change(attributes, changes))

    assert answer.status_code == 400
    assert detail in answer.text


def test_a_body_over_five_megabytes_is_refused(sandbox, attributes, change):
    texts = {f"properties/{number}": "a" * 99_000 for number in range(51)}

    assert post(sandbox, change(attributes, texts)).status_code == 413


def test_a_repeat_of_profile_and_metric_is_202_and_stored_once(sandbox, attributes, change):
    post(sandbox, attributes)
    assert post(sandbox, attributes).status_code == 202
    assert sandbox.noted() == {"duplicate"}

    post(sandbox, change(attributes, {"metric/data/attributes/name": "Ordered Product"}))
    assert sandbox.noted() == set()


def test_events_of_one_second_become_one_without_a_unique_id(sandbox, attributes, change):
    post(sandbox, change(attributes, {"unique_id": ...}))
    post(sandbox, change(attributes, {"unique_id": ..., "properties/OrderId": "SO-2"}))

    assert sandbox.noted() == {"no_unique_id", "duplicate"}


@pytest.mark.parametrize("key", ["pk_invalid", "sk_other", ""])
def test_a_wrong_key_is_401(sandbox, attributes, key):
    headers = {**HEADERS, "Authorization": f"Klaviyo-API-Key {key}"}

    assert post(sandbox, attributes, headers).status_code == 401
