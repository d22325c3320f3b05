import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

KEY = "phc_project"
NOW = datetime.fromtimestamp(1_790_000_000, UTC)


@pytest.fixture
def batch(sandbox):
    def batch(*events, **envelope):
        return sandbox.post("/posthog/batch/", {"api_key": KEY, "batch": list(events), **envelope})

    return batch


def test_a_batch_is_answered_ok_and_its_uuids_recorded(sandbox, batch, posthog_event):
    answer = batch(posthog_event)

    assert (answer.status_code, answer.json()) == (200, {"status": "Ok"})
    assert sandbox.last()["accepted"] == [posthog_event["uuid"]]
    assert sandbox.last()["diagnostics"] == []


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", ["/i/v0/e", "/e", "/capture", "/track", "/engage", "/batch"])
def test_each_path_takes_a_single_event_with_and_without_a_slash(
    sandbox, posthog_event, path, slash
):
    answer = sandbox.post(f"/posthog{path}{slash}", {**posthog_event, "api_key": KEY})

    assert answer.status_code == 200


REFUSED = {
    "an empty name": ({"event": ""}, "event submitted with an empty event name"),
    "no distinct_id": ({"distinct_id": ...}, "event submitted without a distinct_id"),
    "an empty distinct_id": ({"distinct_id": ""}, "event submitted without a distinct_id"),
    "a time that is none": ({"timestamp": "yesterday"}, "event submitted with invalid timestamp"),
    "a time in a number": ({"timestamp": 7}, "failed to hydrate events from request: "),
    "a uuid that is none": ({"uuid": "order-1"}, "failed to hydrate events from request: "),
    "no name": ({"event": ...}, "failed to hydrate events from request: "),
    "properties in a list": ({"properties": []}, "failed to hydrate events from request: "),
}

TAKEN = {
    "a distinct_id among the properties": {"distinct_id": ..., "properties/distinct_id": "u"},
    "the alias of distinct_id": {"distinct_id": ..., "properties/$distinct_id": "u"},
    "a number for distinct_id": {"distinct_id": 7},
    "no time": {"timestamp": ...},
    "a time without a zone": {"timestamp": "2026-09-21T13:00:00"},
    "no uuid": {"uuid": ...},
    "no properties": {"properties": ...},
    "a distinct_id over 200 characters": {"distinct_id": "u" * 300},
}


@pytest.mark.parametrize(("changes", "text"), REFUSED.values(), ids=REFUSED)
def test_one_bad_event_refuses_the_whole_batch_in_plain_text(
    sandbox, batch, posthog_event, change, changes, text
):
    answer = batch(posthog_event, change(posthog_event, changes))

    assert answer.status_code == 400
    assert answer.text.startswith(text)
    assert answer.headers["content-type"].startswith("text/plain")
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize("changes", TAKEN.values(), ids=TAKEN)
def test_the_nearest_good_event_is_taken(batch, posthog_event, change, changes):
    assert batch(posthog_event, change(posthog_event, changes)).status_code == 200


def test_a_refused_batch_is_not_remembered_as_seen(sandbox, batch, posthog_event, change):
    batch(posthog_event, change(posthog_event, {"event": ""}))

    batch(posthog_event)

    assert sandbox.noted() == set()


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("  ", "empty"),
        ("phc_ñ", "not_ascii"),
        ("p" * 65, "too_long"),
        ("phx_personal", "personal_api_key"),
        ("phc_\0", "null_byte"),
    ],
)
def test_a_token_of_another_shape_is_refused(batch, posthog_event, token, reason):
    answer = batch(posthog_event, api_key=token)

    assert (answer.status_code, answer.text) == (401, f"API key is not valid: {reason}")


def test_a_token_of_sixty_four_characters_is_taken(batch, posthog_event):
    assert batch(posthog_event, api_key="p" * 64).status_code == 200


def test_a_missing_token_is_refused(batch, posthog_event):
    answer = batch(posthog_event, api_key=None)

    assert (answer.status_code, answer.text) == (401, "event submitted without an api_key")


def test_the_events_own_tokens_must_agree(batch, posthog_event):
    one = {**posthog_event, "token": KEY}

    assert batch(one, {**posthog_event, "$token": KEY}, api_key=None).status_code == 200
    answer = batch(one, {**posthog_event, "api_key": "phc_other"}, api_key=None)

    assert answer.status_code == 401
    assert answer.text == "batch submitted with inconsistent api_key values"


def test_a_gzip_body_is_read(sandbox, posthog_event):
    body = gzip.compress(json.dumps({"api_key": KEY, "batch": [posthog_event]}).encode())

    by_header = sandbox.ask(
        "POST", "/posthog/batch/", content=body, headers={"Content-Encoding": "gzip"}
    )
    by_query = sandbox.ask("POST", "/posthog/batch/?compression=gzip-js", content=body)

    assert (by_header.status_code, by_query.status_code) == (200, 200)
    assert sandbox.last()["body"]["batch"] == [posthog_event]


@pytest.mark.parametrize(
    ("body", "headers", "text"),
    [
        (b"", {}, "request missing data payload"),
        (b"no", {}, "failed to parse request: "),
        (b"7", {}, "failed to parse request: "),
        (b"no", {"Content-Encoding": "gzip"}, "failed to decode request: "),
        (b'{"api_key": "phc_a", "batch": []}', {}, "request holds no event"),
    ],
)
def test_an_unreadable_request_is_refused_in_its_words(sandbox, body, headers, text):
    answer = sandbox.ask("POST", "/posthog/batch/", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.text.startswith(text)


@pytest.mark.parametrize(("filling", "status"), [(990_000, 200), (1_000_001, 413)])
def test_an_event_over_a_megabyte_is_refused(batch, posthog_event, change, filling, status):
    answer = batch(change(posthog_event, {"properties/text": "x" * filling}))

    assert answer.status_code == status
    if status == 413:
        assert answer.text.startswith("maximum event size exceeded: ")


def test_a_single_event_endpoint_takes_two_mebibytes_and_a_batch_more(sandbox):
    body = b" " * (2 * 1024 * 1024 + 1)

    single = sandbox.ask("POST", "/posthog/i/v0/e/", content=body)
    several = sandbox.ask("POST", "/posthog/batch/", content=body)

    assert (single.status_code, several.status_code) == (413, 400)


def test_a_beacon_is_answered_204(sandbox, posthog_event):
    body = {**posthog_event, "api_key": KEY}

    assert sandbox.post("/posthog/e/?beacon=1", body).status_code == 204


def test_a_repeat_of_all_four_parts_of_the_key_is_noted(sandbox, batch, posthog_event, change):
    batch(posthog_event)

    batch(change(posthog_event, {"timestamp": "2026-09-21T13:00:01Z"}))
    assert sandbox.noted() == set()

    batch(change(posthog_event, {"properties/order_id": "2"}))
    assert sandbox.noted() == {"duplicate"}


def test_an_old_sent_at_shifts_the_time(sandbox, batch, posthog_event, change):
    sent_at = (NOW - timedelta(hours=1)).isoformat()

    batch(posthog_event, sent_at=sent_at)
    assert sandbox.noted() == {"timestamp_shifted"}

    batch(change(posthog_event, {"properties/$ignore_sent_at": True}), sent_at=sent_at)
    assert sandbox.noted() == set()


def test_a_fresh_sent_at_leaves_the_time_alone(sandbox, batch, posthog_event):
    batch(posthog_event, sent_at=NOW.isoformat())

    assert sandbox.noted() == set()


@pytest.mark.parametrize(("hours", "noted"), [(23, set()), (24, {"timestamp_shifted"})])
def test_a_time_far_ahead_becomes_now(sandbox, batch, posthog_event, change, hours, noted):
    ahead = (NOW + timedelta(hours=hours)).isoformat()

    batch(change(posthog_event, {"timestamp": ahead}))

    assert sandbox.noted() == noted


@pytest.mark.parametrize("distinct_id", [" Anonymous ", "0", "undefined", "[object Object]"])
def test_an_id_that_means_nobody_is_taken_and_noted(
    sandbox, batch, posthog_event, change, distinct_id
):
    answer = batch(change(posthog_event, {"distinct_id": distinct_id}))

    assert answer.status_code == 200
    assert sandbox.noted() == {"illegal_distinct_id"}


def test_a_heatmap_that_cant_be_stored_is_noted(sandbox, batch, posthog_event, change):
    point = {"x": 1, "y": 2, "target_fixed": False, "type": "click"}
    good = {
        "event": "$$heatmap",
        "properties/$session_id": "s",
        "properties/$viewport_height": 800,
        "properties/$viewport_width": 600,
        "properties/$heatmap_data": {"https://tienda.example/": [point]},
    }

    batch(change(posthog_event, good))
    assert sandbox.noted() == set()

    bad = {**good, "properties/$heatmap_data": {"https://tienda.example/": [{"x": 1}]}}
    batch(change(posthog_event, {**bad, "uuid": ...}))
    assert sandbox.noted() == {"heatmap_dropped"}


def test_probes_other_paths_and_other_methods(sandbox):
    assert sandbox.ask("GET", "/posthog/_readiness").text == "capture"
    assert sandbox.ask("GET", "/posthog/_liveness").status_code == 200
    assert sandbox.post("/posthog/nowhere", {}).status_code == 404
    assert sandbox.ask("GET", "/posthog/batch/").status_code == 405
