"""The tracking API over plain HTTP: paths, keys, and the exact form of every answer."""

import base64
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

pytestmark = pytest.mark.slow

KEY = "demo-write-key"
TYPES = ["track", "identify", "page", "screen", "group", "alias"]
SINGLE_PATHS = [f"/v1/{name}" for type_ in TYPES for name in (type_, type_[0])]
BATCH_PATHS = ["/v1/batch", "/v1/import", "/v1/b"]
SLASHES = ["", "/"]
SUMMARY = {
    "success": True,
    "received": 0,
    "accepted": 0,
    "duplicate": 0,
    "suppressed": 0,
    "quarantined": 0,
    "rejected": 0,
    "results": [],
}


@pytest.fixture(scope="module")
def http(shop):
    with httpx.Client(base_url=shop.server.url, timeout=30) as client:
        yield client


def an_event(**overrides):
    """A small event that needs no type of its own to be good, whatever the path says it is."""
    return {
        "messageId": str(uuid.uuid4()),
        "userId": "lucia",
        "event": "Café servido",
        "groupId": "emp-1",
        "previousId": "inv-1",
    } | overrides


def a_track(**overrides):
    return an_event(type="track", **overrides)


def post(http, path="/v1/batch", **more):
    return http.post(path, **{"auth": (KEY, "")} | more)


@pytest.mark.parametrize("slash", SLASHES)
@pytest.mark.parametrize("path", SINGLE_PATHS)
def test_a_single_event_is_taken_at_its_path(http, path, slash):
    answer = post(http, path + slash, json=an_event())

    assert answer.status_code == 200
    assert answer.json() == SUMMARY | {"received": 1, "accepted": 1}


@pytest.mark.parametrize("slash", SLASHES)
@pytest.mark.parametrize("path", BATCH_PATHS)
def test_a_batch_is_taken_at_its_path(http, path, slash):
    answer = post(http, path + slash, json={"batch": [a_track(), a_track()]})

    assert answer.status_code == 200
    assert answer.json() == SUMMARY | {"received": 2, "accepted": 2}


@pytest.mark.parametrize("path", ["/v1/m", "/v1/m/"])
def test_a_browser_sdk_s_metrics_are_taken_without_a_key(http, path):
    answer = http.post(path, json={"series": []})

    assert (answer.status_code, answer.json()) == (200, {"success": True})


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "given",
    [
        {"headers": basic(f"{KEY}:")},
        {"headers": basic(KEY)},
        {"headers": {"authorization": basic(f"{KEY}:")["Authorization"].replace("Basic", "basic")}},
        {"body": {"writeKey": KEY}},
        {"params": {"writeKey": KEY}},
        {"body": {"writeKey": KEY}, "headers": {"Authorization": "Bearer some-token"}},
        {"params": {"writeKey": KEY}, "body": {"writeKey": ""}, "headers": basic(":")},
    ],
    ids=["basic", "no-colon", "lower-case", "body", "query", "bearer-and-body", "empty-ones-first"],
)
def test_the_key_is_looked_for_in_three_places(http, given):
    given = dict(given)
    body = {"batch": [a_track()]} | given.pop("body", {})

    answer = http.post("/v1/batch", json=body, **given)

    assert answer.json() == SUMMARY | {"received": 1, "accepted": 1}


@pytest.mark.parametrize("path", [*SINGLE_PATHS, *BATCH_PATHS])
@pytest.mark.parametrize("key", [None, "nobody's", "schlüssel", KEY.upper()])
def test_without_a_known_key_nothing_is_taken(http, path, key):
    auth = None if key is None else httpx.BasicAuth(key.encode(), "")

    answer = http.post(path, auth=auth, json={"batch": [a_track()], **an_event()})

    assert_refused(answer, 401, "invalid_write_key")


def assert_refused(answer, status, code):
    """The one form that no released client takes for a network fault."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"success", "code", "message"}
    assert (body["success"], body["code"]) == (False, code)
    assert isinstance(body["message"], str)
    assert body["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"batch":[}', "invalid_json"),
        (b"data=eyJiYXRjaCI6W119", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"batch":' + b"[" * 2000 + b"]" * 2000 + b"}", "invalid_json"),
        (b"[]", "invalid_shape"),
        (b"null", "invalid_shape"),
        (b'"batch"', "invalid_shape"),
        (b"{}", "invalid_shape"),
        (b'{"batch":{}}', "invalid_shape"),
        (b'{"batch":null}', "invalid_shape"),
    ],
)
def test_what_is_no_batch_is_refused_with_400(http, body, code):
    assert_refused(post(http, content=body), 400, code)


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"track"'])
def test_what_is_no_event_is_refused_with_400(http, body):
    assert_refused(post(http, "/v1/track", content=body), 400, "invalid_shape")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/tracks", "/v1/batch/x", "/v2/batch"])
def test_another_path_is_404(http, path):
    assert_refused(post(http, path, json={"batch": []}), 404, "not_found")


@pytest.mark.parametrize("slash", SLASHES)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track", "/v1/t"])
def test_another_method_is_405(http, method, path, slash):
    answer = http.request(method, path + slash, auth=(KEY, ""))

    assert_refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_head_is_answered_without_a_body(http):
    refused = http.head("/v1/batch")
    healthy = http.head("/healthz")

    assert (refused.status_code, refused.content) == (405, b"")
    assert (healthy.status_code, healthy.content) == (200, b"")


@pytest.mark.parametrize("slash", SLASHES)
def test_health_is_told_without_a_key(http, slash):
    alive, ready = http.get("/healthz" + slash), http.get("/readyz" + slash)

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"
    assert ready.json()["destinations"].keys() > {"meta", "ga4", "gtm", "posthog"}


def test_an_empty_batch_is_taken(http):
    assert post(http, json={"batch": []}).json() == SUMMARY


def test_each_verdict_is_counted_and_told_by_its_place(http):
    good, bad = a_track(messageId="good"), a_track(messageId="bad", event="Order Completed")

    answer = post(http, json={"batch": [good, bad, "text", good, None, a_track()]})

    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == SUMMARY.keys()
    counts = {"received": 6, "accepted": 2, "duplicate": 1, "quarantined": 1, "rejected": 2}
    assert body == SUMMARY | counts | {"results": body["results"]}
    told = [(one["index"], one["messageId"], one["verdict"]) for one in body["results"]]
    assert told == [
        (1, "bad", "quarantined"),
        (2, None, "rejected"),
        (3, "good", "duplicate"),
        (4, None, "rejected"),
    ]
    for one in body["results"]:
        assert one.keys() == {"index", "messageId", "verdict", "errors"}
    assert body["results"][2]["errors"] == []
    assert body["results"][0]["errors"] == [
        {"path": "properties", "message": body["results"][0]["errors"][0]["message"]}
    ]


def test_at_most_a_hundred_results_are_told_and_all_are_counted(http):
    body = post(http, json={"batch": [a_track(event="") for _ in range(130)] + [a_track()]}).json()

    assert (body["received"], body["quarantined"], body["accepted"]) == (131, 130, 1)
    assert [one["index"] for one in body["results"]] == list(range(100))


def test_an_id_is_taken_once_however_the_rest_changes(http):
    first = post(http, "/v1/track", json=an_event(messageId="once")).json()
    again = post(http, json={"batch": [a_track(messageId="once", userId="otra")]}).json()

    assert first["accepted"] == 1
    assert (again["accepted"], again["duplicate"]) == (0, 1)
    assert again["results"] == [
        {"index": 0, "messageId": "once", "verdict": "duplicate", "errors": []}
    ]


def test_of_the_same_batch_sent_many_times_at_once_each_event_is_taken_once(http):
    batch = {"batch": [a_track() for _ in range(50)]}

    with ThreadPoolExecutor(8) as pool:
        answers = [one.json() for one in pool.map(lambda _: post(http, json=batch), range(8))]

    assert sum(one["accepted"] for one in answers) == 50
    assert sum(one["duplicate"] for one in answers) == 7 * 50
