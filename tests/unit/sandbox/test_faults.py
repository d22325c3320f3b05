import json

import pytest
import trio

from engine.sandbox.app import build_app
from engine.sandbox.faults import Fault, parse_faults

META = "/meta/v25.0/1/events?access_token=t"


def test_faults_are_read_in_their_order():
    faults = parse_faults("meta=503:0.1, timeout:0.05,error-190")

    assert faults == [
        Fault("meta", "503", 0.1),
        Fault("meta", "timeout", 0.05),
        Fault("meta", "error-190", 1.0),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("503:0.1", "expected VENDOR=KIND"),
        ("=503", "expected VENDOR=KIND"),
        ("meta=explode", "timeout"),
        ("meta=700", "expected a status from 200 to 599"),
        ("meta=503:2", "expected a number from 0 to 1"),
        ("meta=503:often", "expected a number from 0 to 1"),
        ("meta=503:nan", "expected a number from 0 to 1"),
        ("ga4=error-190", '"error-190" is no fault of ga4'),
    ],
)
def test_a_fault_that_cant_be_read_says_what_is_expected(text, told):
    with pytest.raises(ValueError) as caught:
        parse_faults(text)

    assert told in str(caught.value)


def test_a_fault_hits_below_its_probability_and_only_its_vendor(sandbox, meta_event):
    sandbox.told_to("meta=503:0.25")

    sandbox.random = lambda: 0.25
    assert sandbox.post(META, {"data": [meta_event]}).status_code == 200
    sandbox.random = lambda: 0.24
    assert sandbox.post(META, {"data": [meta_event]}).status_code == 503
    assert sandbox.post("/other/x", {}).status_code == 200


def test_the_first_fault_that_hits_is_taken(meta_event, sandbox):
    sandbox.post("/faults", {"vendor": "meta", "faults": "500:0,502:1,503:1"})

    assert sandbox.post(META, {"data": [meta_event]}).status_code == 502


def test_faults_given_at_the_start_hold_until_they_are_cleared(sandbox):
    sandbox.app = build_app(parse_faults("shop=500"))

    assert sandbox.post("/shop/x", {}).status_code == 500
    assert sandbox.post("/faults", {"vendor": "shop", "faults": ""}).status_code == 200
    assert sandbox.post("/shop/x", {}).status_code == 200


def test_replacing_one_vendors_faults_leaves_the_others(sandbox):
    sandbox.told_to("shop=500")
    sandbox.told_to("other=502")
    sandbox.told_to("shop=503")

    faults = sandbox.ask("GET", "/faults").json()["faults"]
    assert {fault["vendor"]: fault["kind"] for fault in faults} == {"shop": "503", "other": "502"}


@pytest.mark.parametrize("body", [b"no", b"{}", b'{"vendor": "meta", "faults": "explode"}'])
def test_a_wish_that_cant_be_read_is_answered_400(sandbox, body):
    answer = sandbox.ask("POST", "/faults", content=body)

    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]


@pytest.mark.parametrize(
    ("kind", "status", "code", "subcode"),
    [
        ("error-1", 500, 1, None),
        ("error-2", 503, 2, None),
        ("error-4", 400, 4, None),
        ("error-17", 400, 17, 2446079),
        ("error-190", 401, 190, None),
        ("error-190-463", 401, 190, 463),
        ("error-100-33", 400, 100, 33),
        ("error-368", 400, 368, None),
        ("error-613", 400, 613, None),
        ("error-80004", 400, 80004, 2446079),
        ("localised", 503, 2, 1504044),
    ],
)
def test_metas_errors_come_in_its_body_and_nothing_is_taken(
    sandbox, meta_event, kind, status, code, subcode
):
    sandbox.told_to(f"meta={kind}")

    answer = sandbox.post(META, {"data": [meta_event]})

    error = answer.json()["error"]
    assert answer.status_code == status
    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert sandbox.last()["accepted"] == []
    assert sandbox.last()["fault"] == kind


def test_throttling_tells_usage_in_a_header(sandbox):
    sandbox.told_to("meta=error-80004")

    usage = sandbox.post(META, {}).headers["X-Business-Use-Case-Usage"]

    ((limits,),) = json.loads(usage).values()
    assert limits["estimated_time_to_regain_access"] == 1


def test_a_page_with_status_200_takes_nothing(sandbox, meta_event):
    sandbox.told_to("meta=unavailable-page")

    answer = sandbox.post(META, {"data": [meta_event]})

    assert answer.status_code == 200
    assert "Service Unavailable" in answer.text
    assert sandbox.last()["accepted"] == []


def test_a_low_count_loses_the_last_event(sandbox, meta_event):
    sandbox.told_to("meta=low-count")

    answer = sandbox.post(META, {"data": [meta_event, {**meta_event, "event_id": "order-2"}]})

    assert answer.json()["events_received"] == 1
    assert sandbox.last()["accepted"] == ["order-1"]


@pytest.mark.parametrize("kind", ["quota-limited", "unknown-token"])
def test_posthog_answers_ok_to_what_vanishes(sandbox, posthog_event, kind):
    sandbox.told_to(f"posthog={kind}")

    answer = sandbox.post("/posthog/batch/", {"api_key": "phc_a", "batch": [posthog_event]})

    assert (answer.status_code, answer.json()["status"]) == (200, "Ok")
    assert sandbox.last()["accepted"] == []


def test_429_says_when_to_come_back(sandbox):
    sandbox.told_to("posthog=429")

    answer = sandbox.post("/posthog/batch/", {})

    assert (answer.status_code, answer.text) == (429, "rate limited")
    assert answer.headers["Retry-After"] == "1"


def test_a_status_below_300_takes_the_request(sandbox):
    sandbox.told_to("shop=202")

    answer = sandbox.post("/shop/x", {"id": "7"})

    assert (answer.status_code, answer.content) == (202, b"")
    assert sandbox.last()["accepted"] == ["7"]


def test_html_is_a_proxys_page_and_takes_nothing(sandbox):
    sandbox.told_to("shop=html")

    answer = sandbox.post("/shop/x", {"id": "7"})

    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert sandbox.last()["accepted"] == []


def test_wrong_json_takes_the_request_and_ends_too_early(sandbox):
    sandbox.told_to("shop=wrong-json")

    answer = sandbox.post("/shop/x", {"id": "7"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert sandbox.last()["accepted"] == ["7"]


def test_slow_waits_and_then_answers(sandbox):
    sandbox.told_to("shop=slow")

    answer = sandbox.post("/shop/x", {"id": "7"})

    assert answer.status_code == 200
    assert sandbox.slept == [5.0]


def sent_by(app, *, hangs_up=False):
    """What the app sends for one POST to /shop/x, at the level of ASGI."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/shop/x",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
    }
    waiting = [{"type": "http.request", "body": b'{"id": "7"}', "more_body": False}]
    sent = []

    async def receive():
        if waiting:
            return waiting.pop()
        if not hangs_up:
            await trio.sleep_forever()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    trio.run(app, scope, receive, send)
    return sent


@pytest.mark.parametrize(("kind", "accepted"), [("reset", ["7"]), ("close", [])])
def test_a_broken_connection_announces_more_than_it_sends(sandbox, kind, accepted):
    sandbox.told_to(f"shop={kind}")

    start, body = sent_by(sandbox.app)

    announced = int(dict(start["headers"])[b"content-length"])
    assert announced > len(body["body"])
    assert body["more_body"] is True
    assert sandbox.last()["accepted"] == accepted


def test_a_timeout_takes_the_request_and_never_answers(sandbox):
    sandbox.told_to("shop=timeout")

    start, body = sent_by(sandbox.app)

    assert sandbox.slept == [3600.0]
    assert body["more_body"] is True
    assert sandbox.last()["accepted"] == ["7"]
    assert start["status"] == 200


def test_a_timeout_ends_when_the_caller_hangs_up(sandbox):
    async def sleep(_seconds):
        await trio.sleep_forever()

    app = build_app(parse_faults("shop=timeout"), sleep=sleep)

    assert len(sent_by(app, hangs_up=True)) == 2
