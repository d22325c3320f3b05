import base64

import pytest

PATH = "/mixpanel/import"
BASIC = {"Authorization": "Basic " + base64.b64encode(b"account:secret").decode()}
STRICT = {"strict": "1", "project_id": "7"}
INSERT_ID = "3f2a6c1e-0000-4000-8000-00000000000"


def an_event(number=1, **changes):
    properties = {
        "time": 1_789_999_000_000,
        "distinct_id": "cli-10023",
        "$insert_id": f"{INSERT_ID}{number}",
        **changes,
    }
    kept = {key: value for key, value in properties.items() if value is not ...}
    return {"event": "Order Completed", "properties": kept}


def post(sandbox, events, params=None, headers=None):
    return sandbox.post(PATH, events, params=params or STRICT, headers=headers or BASIC)


def test_good_events_are_stored(sandbox):
    answer = post(sandbox, [an_event(1), an_event(2)])

    assert answer.status_code == 200
    assert answer.json() == {"code": 200, "num_records_imported": 2, "status": "OK"}
    assert sandbox.last()["accepted"] == [f"{INSERT_ID}1", f"{INSERT_ID}2"]


def test_a_400_names_the_bad_events_and_stores_the_good_ones(sandbox):
    answer = post(sandbox, [an_event(1), an_event(2, time=...), an_event(3)])

    assert answer.status_code == 400
    assert answer.json()["num_records_imported"] == 2
    [record] = answer.json()["failed_records"]
    assert (record["index"], record["field"]) == (1, "properties.time")
    assert record["insert_id"] == f"{INSERT_ID}2"
    assert sandbox.last()["accepted"] == [f"{INSERT_ID}1", f"{INSERT_ID}3"]


def test_without_strict_the_bad_ones_vanish_behind_a_200(sandbox):
    answer = post(sandbox, [an_event(1), an_event(2, distinct_id="null")], {"project_id": "7"})

    assert (answer.status_code, answer.json()["num_records_imported"]) == (200, 1)
    assert sandbox.noted() == {"dropped"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": 1_790_003_601_000}, "over an hour ahead"),
        ({"time": 1_790_003_601}, "over an hour ahead"),
        ({"time": -1}, "before 1971-01-01"),
        ({"distinct_id": "N/A"}, "placeholder"),
        ({"$insert_id": ""}, "must not be missing"),
        ({"deep": [[[[1]]]]}, "nested deeper"),
        ({f"key{number}": 1 for number in range(253)}, "more than 255 properties"),
    ],
)
def test_what_strict_refuses(sandbox, changes, message):
    [record] = post(sandbox, [an_event(**changes)]).json()["failed_records"]

    assert message in record["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"time": 1_790_003_599_000},
        {"time": 1_789_999_000},
        {"distinct_id": ""},
        {"deep": [[[1]]]},
        {f"key{number}": 1 for number in range(252)},
    ],
)
def test_the_nearest_that_strict_takes(sandbox, changes):
    assert post(sandbox, [an_event(**changes)]).status_code == 200


def test_a_longer_text_is_cut(sandbox):
    post(sandbox, [an_event(coupon="a" * 256)])

    assert sandbox.noted() == {"cut"}


def test_a_repeat_is_counted_once(sandbox):
    post(sandbox, [an_event()])
    assert post(sandbox, [an_event()]).status_code == 200
    assert sandbox.noted() == {"duplicate"}

    post(sandbox, [an_event(time=1_789_999_000_001)])
    assert sandbox.noted() == set()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer token"},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic " + base64.b64encode(b"invalid:secret").decode()},
        {"X-Nothing": "at all"},
    ],
)
def test_bad_credentials_are_refused(sandbox, headers):
    assert post(sandbox, [an_event()], headers=headers).status_code == 401


def test_a_service_account_names_its_project_and_a_token_stands_alone(sandbox):
    token = {"Authorization": "Basic " + base64.b64encode(b"token:").decode()}

    assert post(sandbox, [an_event()], {"strict": "1"}).status_code == 401
    assert post(sandbox, [an_event()], {"strict": "1"}, token).status_code == 200
