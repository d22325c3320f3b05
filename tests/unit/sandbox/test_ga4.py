import pytest

QUERY = {"measurement_id": "G-TEST", "api_secret": "secret"}
NOW_MICROS = 1_790_000_000_000_000
HOUR_MICROS = 3_600_000_000
EVENT = "events/0"
PARAMS = "events/0/params"


def test_the_validation_server_takes_nothing(sandbox, ga4_body):
    sandbox.post("/ga4/debug/mp/collect", ga4_body, params=QUERY)

    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"client_id": NaN}'])
def test_garbage_is_answered_204_and_noted_as_dropped(sandbox, body):
    answer = sandbox.ask("POST", "/ga4/mp/collect", content=body, params=QUERY)

    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.last()["accepted"] == []
    assert sandbox.noted() == {"request_dropped"}


def test_garbage_at_the_validation_server_is_a_message(sandbox):
    answer = sandbox.ask("POST", "/ga4/debug/mp/collect", content=b"no", params=QUERY)

    (message,) = answer.json()["validationMessages"]
    assert message["validationCode"] == "VALUE_INVALID"
    assert message["description"].startswith("Unable to parse Measurement Protocol JSON payload.")
    assert "fieldPath" not in message


def test_a_good_request_is_answered_204_without_a_note(sandbox, ga4_body):
    answer = sandbox.post("/ga4/mp/collect", ga4_body, params=QUERY)

    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.last()["accepted"] == ["message-1"]
    assert sandbox.last()["diagnostics"] == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({f"{PARAMS}/event_id": ...}, "order-1"),
        ({f"{PARAMS}/event_id": "", f"{PARAMS}/transaction_id": 77}, "77"),
        ({f"{PARAMS}/event_id": ..., f"{PARAMS}/transaction_id": ...}, None),
    ],
)
def test_the_key_is_event_id_else_transaction_id_else_none(sandbox, ga4_body, change, changes, key):
    sandbox.post("/ga4/mp/collect", change(ga4_body, changes), params=QUERY)

    assert sandbox.last()["accepted"] == [key]


DROPPED = {
    "a wrong event beside a good one": ({f"{EVENT}/name": "a b"}, "event_dropped"),
    "a param too long": ({f"{PARAMS}/coupon": "a" * 101}, "param_ignored"),
    "an old time": ({"timestamp_micros": NOW_MICROS - 73 * HOUR_MICROS}, "redated"),
    "no session": ({f"{PARAMS}/session_id": ...}, "reports_worse"),
    "no engagement": ({f"{PARAMS}/engagement_time_msec": ...}, "reports_worse"),
    "no currency": ({f"{PARAMS}/currency": ...}, "reports_worse"),
    "no items": ({f"{PARAMS}/items": ...}, "reports_worse"),
}


@pytest.mark.parametrize(("changes", "code"), DROPPED.values(), ids=DROPPED)
def test_what_ga4_would_do_in_silence_is_noted(sandbox, ga4_body, change, changes, code):
    answer = sandbox.post("/ga4/mp/collect", change(ga4_body, changes), params=QUERY)

    assert answer.status_code == 204
    assert sandbox.noted() == {code}
    assert len(sandbox.last()["accepted"]) == 1


def test_a_wrong_secret_is_never_told_but_a_missing_one_is_noted(sandbox, ga4_body):
    answer = sandbox.post("/ga4/mp/collect", ga4_body, params={"measurement_id": "G-TEST"})

    assert answer.status_code == 204
    assert sandbox.noted() == {"request_dropped"}


def test_a_purchase_had_before_is_noted_per_stream(sandbox, ga4_body):
    sandbox.post("/ga4/mp/collect", ga4_body, params=QUERY)

    sandbox.post("/ga4/mp/collect", ga4_body, params={**QUERY, "measurement_id": "G-OTHER"})
    assert sandbox.noted() == set()

    sandbox.post("/ga4/mp/collect", ga4_body, params=QUERY)
    assert sandbox.noted() == {"duplicate"}


@pytest.mark.parametrize(("size_bytes", "status"), [(129_999, 204), (130_000, 413)])
def test_a_body_of_130_kb_is_refused(sandbox, size_bytes, status):
    answer = sandbox.ask("POST", "/ga4/mp/collect", content=b" " * size_bytes, params=QUERY)

    assert answer.status_code == status


def test_another_path_is_404_and_another_method_405(sandbox):
    assert sandbox.post("/ga4/collect", {}).status_code == 404
    assert sandbox.ask("GET", "/ga4/mp/collect").status_code == 405
