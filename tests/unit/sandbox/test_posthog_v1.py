import pytest

PATH = "/posthog/i/v1/analytics/events"
HEADERS = {
    "Authorization": "Bearer phc_project",
    "PostHog-Sdk-Info": "encamina/1",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": "3d0f4f0e-7a2b-4a3a-8a51-6e9d0f6d3c11",
    "PostHog-Request-Timestamp": "2026-09-21T13:33:20Z",
}


@pytest.fixture
def send(sandbox):
    def send(*events, headers=HEADERS):
        return sandbox.post(PATH, {"batch": list(events)}, headers=headers)

    return send


def test_each_event_gets_its_result(sandbox, send, posthog_event):
    answer = send(posthog_event)

    assert answer.json() == {"results": {posthog_event["uuid"]: {"result": "ok"}}}
    assert sandbox.last()["accepted"] == [posthog_event["uuid"]]


@pytest.mark.parametrize(
    ("changes", "tag"),
    [
        ({"event": ""}, "missing_event_name"),
        ({"event": "x" * 201}, "event_name_too_long"),
        ({"distinct_id": ...}, "missing_distinct_id"),
        ({"distinct_id": "x" * 201}, "distinct_id_too_large"),
        ({"uuid": ...}, "missing_event_uuid"),
        ({"timestamp": "2026-09-21T13:00:00"}, "invalid_event_timestamp"),
        ({"timestamp": ...}, "invalid_event_timestamp"),
    ],
)
def test_a_bad_event_is_refused_by_tag(send, posthog_event, change, changes, tag):
    answer = send(change(posthog_event, changes))

    assert (answer.status_code, answer.json()["error"]) == (400, tag)


@pytest.mark.parametrize(
    ("removed", "status", "tag"),
    [
        ("Authorization", 401, "invalid_api_token"),
        ("PostHog-Request-Id", 400, "missing_required_headers"),
    ],
)
def test_a_missing_header_is_refused(send, posthog_event, removed, status, tag):
    headers = {name: value for name, value in HEADERS.items() if name != removed}

    answer = send(posthog_event, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (status, tag)


def test_an_empty_batch_and_a_repeated_uuid_are_refused(send, posthog_event):
    assert send().json()["error"] == "empty_batch"
    assert send(posthog_event, posthog_event).json()["error"] == "duplicate_event_uuid"


def test_a_scripted_retry_leaves_the_first_event_out(sandbox, send, posthog_event, change):
    other = change(posthog_event, {"uuid": "11111111-8e3c-4a4e-9d0a-0f6b5d1c2e3f"})
    sandbox.told_to("posthog=v1-retry")

    answer = send(posthog_event, other)

    assert answer.json()["results"][posthog_event["uuid"]] == {"result": "retry"}
    assert sandbox.last()["accepted"] == [other["uuid"]]
