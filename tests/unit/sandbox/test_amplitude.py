import pytest

PATH = "/amplitude/2/httpapi"


def an_event(number=1, **changes):
    event = {
        "user_id": "cli-10023",
        "device_id": "anon-lucia",
        "event_type": "Order Completed",
        "time": 1_789_999_000_000,
        "insert_id": f"order-{number}",
    }
    return {key: value for key, value in {**event, **changes}.items() if value is not ...}


def a_body(*events, **more):
    return {"api_key": "demo", "events": list(events), **more}


def test_good_events_are_taken_and_counted(sandbox):
    answer = sandbox.post(PATH, a_body(an_event(1), an_event(2)))

    assert answer.status_code == 200
    assert answer.json()["code"] == 200
    assert answer.json()["events_ingested"] == 2
    assert sandbox.last()["accepted"] == ["order-1", "order-2"]
    assert sandbox.noted() == set()


def test_a_request_without_a_key_says_which_field_is_missing(sandbox):
    answer = sandbox.post(PATH, {"events": [an_event()]})

    assert answer.status_code == 400
    assert answer.json() == {
        "code": 400,
        "error": "Request missing required field",
        "missing_field": "api_key",
    }


def test_a_wrong_key_is_a_400_too(sandbox):
    answer = sandbox.post(PATH, {**a_body(an_event()), "api_key": "invalid"})

    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid API key: invalid")


def test_bad_events_are_listed_by_field_and_nothing_is_taken(sandbox):
    answer = sandbox.post(
        PATH,
        a_body(an_event(1), an_event(2, time="yesterday"), an_event(3, event_type=...)),
    )

    assert answer.status_code == 400
    assert answer.json()["events_with_invalid_fields"] == {"time": [1]}
    assert answer.json()["events_with_missing_fields"] == {"event_type": [2]}
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize(
    ("options", "status"), [({}, 400), ({"options": {"min_id_length": 1}}, 200)]
)
def test_an_id_under_five_characters_needs_an_option(sandbox, options, status):
    event = an_event(user_id="42", device_id=...)

    answer = sandbox.post(PATH, a_body(event, **options))

    assert answer.status_code == status
    if status == 400:
        assert answer.json()["events_with_invalid_id_lengths"] == {"user_id": [0]}


def test_a_repeat_within_seven_days_is_dropped_without_a_word(sandbox):
    sandbox.post(PATH, a_body(an_event()))
    assert sandbox.post(PATH, a_body(an_event())).status_code == 200
    assert sandbox.noted() == {"duplicate"}

    sandbox.now += 8 * 24 * 3600
    sandbox.post(PATH, a_body(an_event()))
    assert sandbox.noted() == set()


def test_the_batch_path_takes_larger_requests(sandbox):
    padding = {"note": "a" * 1_000_000}
    body = a_body(an_event(event_properties=padding))

    assert sandbox.post(PATH, body).status_code == 413
    assert sandbox.post("/amplitude/batch", body).status_code == 200


def test_a_throttled_device_is_named(sandbox):
    sandbox.told_to("amplitude=throttled")

    answer = sandbox.post(PATH, a_body(an_event(1), an_event(2)))

    assert answer.status_code == 429
    assert answer.json()["eps_threshold"] == 30
    assert answer.json()["throttled_users"] == {"cli-10023": 32}
    assert answer.json()["throttled_events"] == [0, 1]
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize("content", [b"[]", b"{", b"7"])
def test_what_is_no_json_object_is_refused(sandbox, content):
    assert sandbox.ask("POST", PATH, content=content).status_code == 400
