"""What an answer of each of these vendors means for each payload of the batch."""

from functools import cache

import pytest

from engine.model.cache import Caches
from engine.model.decision import Payload
from engine.model.delivery import Answer, Dead, Delivered, Pause, Retry, Split
from engine.pipeline.classify import classify
from engine.project.read import read_project
from engine.release.build import build_release
from tests.support.events import NOW
from tests.support.processes import ROOT

AMPLITUDE_PARTIAL = {
    "code": 400,
    "error": "Invalid events",
    "events_with_invalid_fields": {"time": [0]},
    "events_with_missing_fields": {"event_type": [2]},
}
MIXPANEL_PARTIAL = {
    "code": 400,
    "error": "some data points in the request failed validation",
    "status": "Bad Request",
    "num_records_imported": 2,
    "failed_records": [
        {"index": 1, "insert_id": "x", "field": "properties.time", "message": "must not be missing"}
    ],
}
THROTTLED = {"code": 429, "error": "Too many requests", "eps_threshold": 30}


@cache
def the_release():
    project, _ = read_project(ROOT, {"SHOP_WRITE_KEY": "key"})
    return build_release(project, Caches.on())[0]


def outcomes(name, status, body=None, count=3, **headers):
    payloads = [Payload({"n": n}, 10, (), f"key-{n}") for n in range(count)]
    destination = the_release().destination(name)
    return classify(destination, payloads, Answer(status, headers, body), NOW)


def klaviyo_error(detail, pointer=None):
    source = {"source": {"pointer": pointer}} if pointer else {}
    return {"errors": [{"status": 400, "code": "invalid", "detail": detail, **source}]}


@pytest.mark.parametrize(
    ("name", "status", "body", "kind"),
    [
        ("amplitude", 200, {"code": 200, "events_ingested": 3}, Delivered),
        ("amplitude", 200, "<html>a portal's page</html>", Retry),
        ("amplitude", 400, {"code": 400, "missing_field": "api_key"}, Pause),
        ("amplitude", 400, {"code": 400, "error": "Invalid API key: x"}, Pause),
        ("amplitude", 400, {"code": 400, "error": "Invalid JSON request body"}, Split),
        ("amplitude", 413, {"code": 413, "error": "Payload too large"}, Split),
        ("amplitude", 429, THROTTLED, Retry),
        ("amplitude", 503, None, Retry),
        ("mixpanel", 200, {"code": 200, "num_records_imported": 3}, Delivered),
        ("mixpanel", 400, {"code": 400, "error": "the body is not JSON"}, Split),
        ("mixpanel", 401, {"code": 401, "error": "invalid credentials"}, Pause),
        ("mixpanel", 403, {"code": 403}, Pause),
        ("mixpanel", 413, {"code": 413}, Split),
        ("mixpanel", 429, {"code": 429}, Retry),
        ("mixpanel", 502, None, Retry),
        ("klaviyo", 202, None, Delivered),
        ("klaviyo", 200, "<html>a portal's page</html>", Retry),
        ("klaviyo", 400, klaviyo_error("The revision header is missing"), Pause),
        ("klaviyo", 400, klaviyo_error("No e-mail", "/data/attributes"), Dead),
        ("klaviyo", 409, klaviyo_error("Duplicate profile"), Dead),
        ("klaviyo", 401, klaviyo_error("Incorrect authentication credentials."), Pause),
        ("klaviyo", 403, klaviyo_error("The key lacks events:write"), Pause),
        ("klaviyo", 429, klaviyo_error("Throttled"), Retry),
        ("klaviyo", 500, None, Retry),
        ("slack", 200, "ok", Delivered),
        ("slack", 200, "<html>a portal's page</html>", Retry),
        ("slack", 400, "invalid_payload", Dead),
        ("slack", 400, "no_text", Dead),
        ("slack", 400, "user_not_found", Pause),
        ("slack", 403, "action_prohibited", Pause),
        ("slack", 404, "channel_not_found", Pause),
        ("slack", 404, "no_service", Pause),
        ("slack", 410, "channel_is_archived", Pause),
        ("slack", 429, "rate_limited", Retry),
        ("slack", 500, "rollup_error", Retry),
        ("webhook", 200, {"received": True}, Delivered),
        ("webhook", 204, None, Delivered),
        ("webhook", 301, None, Pause),
        ("webhook", 401, {"error": "signature"}, Pause),
        ("webhook", 409, {"error": "this very request came before"}, Retry),
        ("webhook", 410, None, Pause),
        ("webhook", 422, {"error": "no such order"}, Dead),
        ("webhook", 425, None, Retry),
        ("webhook", 500, None, Retry),
    ],
)
def test_an_answer_means_the_same_for_every_payload(name, status, body, kind):
    alone = name in {"klaviyo", "slack", "webhook"}

    found = outcomes(name, status, body, count=1 if alone else 3)

    assert {type(one) for one in found} == {kind}


def test_amplitude_s_named_events_are_dead_and_the_rest_goes_again_at_once():
    first, second, third = outcomes("amplitude", 400, AMPLITUDE_PARTIAL)

    assert first == third == Dead("Invalid events: time, event_type")
    assert isinstance(second, Retry)
    assert second.now


def test_mixpanel_s_named_events_are_dead_and_the_rest_is_stored_already():
    first, second, third = outcomes("mixpanel", 400, MIXPANEL_PARTIAL)

    assert isinstance(first, Delivered)
    assert isinstance(third, Delivered)
    assert isinstance(second, Dead)
    assert "properties.time must not be missing" in second.reason


def test_a_mixpanel_answer_whose_count_does_not_add_up_proves_no_delivery():
    answer = {**MIXPANEL_PARTIAL, "num_records_imported": 1}

    first, second, third = outcomes("mixpanel", 400, answer)

    assert isinstance(second, Dead)
    assert isinstance(first, Split)
    assert isinstance(third, Split)


def test_a_throttled_amplitude_waits_half_a_minute():
    [first, *_] = outcomes("amplitude", 429, THROTTLED)

    assert first.after_ms == 30_000


def test_klaviyo_s_retry_after_is_kept():
    [only] = outcomes("klaviyo", 429, None, 1, **{"retry-after": "12"})

    assert only.after_ms == 12_000


@pytest.mark.parametrize(
    ("name", "status", "body", "reason"),
    [
        ("webhook", 410, None, "the receiver is gone (410)"),
        ("slack", 404, "no_service", "Slack refuses the webhook: no_service"),
        (
            "klaviyo",
            400,
            klaviyo_error("A phone number must be in E.164.", "/data/phone"),
            "A phone number must be in E.164. /data/phone",
        ),
    ],
)
def test_the_reason_says_what_the_vendor_said(name, status, body, reason):
    [only] = outcomes(name, status, body, 1)

    assert only.reason == reason


def test_a_redirect_says_where_to_put_the_new_address():
    [only] = outcomes("webhook", 302, None, 1)

    assert "WEBHOOK_URL" in only.reason
    assert "302" in only.reason
