import pytest

PATH = "/pinterest/v5/ad_accounts/549755885175/events"
TOKEN = {"Authorization": "Bearer token"}
NOW = 1_790_000_000
HASH = "09ff201690a530986441837b4c0d820e7d886b9da7b7eab045144eada12ecfd1"


@pytest.fixture
def event():
    return {
        "event_name": "checkout",
        "action_source": "web",
        "event_time": NOW - 60,
        "event_id": "order-1",
        "opt_out": False,
        "user_data": {"em": [HASH], "external_id": [HASH]},
        "custom_data": {
            "currency": "COP",
            "value": "1899900",
            "contents": [{"id": "A56", "item_price": "1899900", "quantity": 1}],
            "num_items": 1,
        },
    }


@pytest.fixture
def tell(sandbox):
    def tell(*events, headers=TOKEN, **query):
        return sandbox.post(PATH, {"data": [*events]}, headers=headers, params=query)

    return tell


def test_a_good_event_is_processed_and_its_key_recorded(sandbox, tell, event):
    answer = tell(event)

    assert answer.status_code == 200
    assert answer.json() == {
        "num_events_received": 1,
        "num_events_processed": 1,
        "events": [{"status": "processed"}],
    }
    assert sandbox.last()["accepted"] == ["order-1"]
    assert sandbox.last()["diagnostics"] == []


def test_each_event_has_an_answer_of_its_own_in_the_order_of_the_request(
    sandbox, tell, event, change
):
    bad = change(event, {"event_name": "Purchase"})

    body = tell(event, bad, change(event, {"event_id": "order-2"})).json()

    assert body["num_events_received"] == 3
    assert body["num_events_processed"] == 2
    assert [one["status"] for one in body["events"]] == ["processed", "failed", "processed"]
    assert "event_name" in body["events"][1]["error_message"]
    assert sandbox.last()["accepted"] == ["order-1", "order-2"]


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("", 401), ("Basic x", 401), ("Bearer invalid", 401), ("Bearer other-account", 403)],
)
def test_an_unusable_token_is_refused(tell, event, authorization, status):
    assert tell(event, headers={"Authorization": authorization}).status_code == status


def test_a_test_is_judged_and_not_recorded(sandbox, tell, event, change):
    body = tell(event, change(event, {"event_time": "now"}), test="true").json()

    assert [one["status"] for one in body["events"]] == ["processed", "failed"]
    assert sandbox.last()["accepted"] == []

    tell(event)
    assert sandbox.noted() == set()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"data": []}', b'{"data": {}}'])
def test_a_body_without_a_list_of_events_is_refused_whole(sandbox, body):
    answer = sandbox.ask("POST", PATH, content=body, headers=TOKEN)

    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_thousand_events_are_taken_and_one_more_is_refused(tell, event):
    assert tell(*[event] * 1000).status_code == 200
    assert tell(*[event] * 1001).status_code == 400


def test_an_event_that_came_before_is_noted(sandbox, tell, event):
    tell(event)
    tell(event)

    assert sandbox.noted() == {"duplicate"}


def test_what_comes_more_than_an_hour_late_counts_as_offline_and_is_compared_with_nothing(
    sandbox, tell, event, change
):
    tell(change(event, {"event_time": NOW - 3600}))
    assert sandbox.noted() == set()

    late = change(event, {"event_time": NOW - 3601})
    tell(late)
    tell(late)
    assert sandbox.noted() == {"counts_as_offline"}


def test_an_opt_out_is_noted(sandbox, tell, event, change):
    tell(change(event, {"opt_out": True}))

    assert sandbox.noted() == {"opted_out"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", PATH), ("POST", "/pinterest/v5/ad_accounts/x/events"), ("POST", "/pinterest/events")],
)
def test_another_address_is_not_there(sandbox, method, path):
    assert sandbox.ask(method, path, headers=TOKEN).status_code == 404
