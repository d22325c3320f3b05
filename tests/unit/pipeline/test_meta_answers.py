"""Every answer of Meta that its page tells of, row by row, and what becomes of a batch."""

import json
from types import EllipsisType
from typing import Any

import pytest

from engine.model.clock import Millis
from engine.model.decision import Payload
from engine.model.delivery import (
    Answer,
    Dead,
    Delivered,
    NoAnswer,
    Outcome,
    Pause,
    Retry,
    Split,
)
from engine.pipeline.classify import classify
from engine.release.destination import Destination
from tests.support.events import NOW
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

TWO = [Payload({"event_id": "a"}, 10, (), "a"), Payload({"event_id": "b"}, 10, (), "b")]
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def meta() -> Destination:
    found = the_reference_release(DEMO_ENV).destination("meta")
    assert found is not None
    return found


def error(
    code: int, subcode: int | None = None, message: str = "Invalid parameter", **more: Any
) -> dict[str, Any]:
    """The body of a refusal: of all that may stand in it, only these are always there."""
    found = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
    return {"error": found if subcode is None else {**found, "error_subcode": subcode}}


def outcomes(
    meta: Destination, status: int, body: Any, payloads: list[Payload] = TWO, **headers: str
) -> list[Outcome]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(meta, payloads, Answer(status, named, body), Millis(NOW))


CODES = [
    ("unknown, often downtime", 500, error(1), Retry),
    ("unknown, wrong request", 400, error(1, 99), Split),
    ("service down", 503, error(2), Retry),
    ("service down as a 400", 400, error(2, 1504044), Retry),
    ("capability of the app", 400, error(3), Pause),
    *(("limit of the app", 400, error(4, sub), Retry) for sub in (None, 1504022, 1504039)),
    ("no permission", 403, error(10), Pause),
    *(("limit of the user", 400, error(17, sub), Retry) for sub in (None, 2446079)),
    ("limit of the page", 400, error(32), Retry),
    ("no dataset or no access", 400, error(100, 33, type="GraphMethodException"), Pause),
    ("proof missing", 400, error(100, None, "API calls require an appsecret_proof"), Pause),
    ("proof invalid", 400, error(100, None, "Invalid appsecret_proof provided"), Pause),
    ("permission", 400, error(100, None, "(#100) Missing Permission"), Pause),
    ("malformed", 400, error(100, None, "(#100) The parameter data is required"), Split),
    ("session", 400, error(102), Pause),
    ("no token given", 400, error(104, None, "An access token is required."), Pause),
    ("too many parameters", 400, error(105), Split),
    *(
        ("token unusable", status, error(190, sub), Pause)
        for status in (400, 401)
        for sub in (None, 458, 459, 460, 463, 464, 467, 492)
    ),
    *(("permission missing", 403, error(code), Pause) for code in (200, 230, 299)),
    ("needs ads_management", 400, error(294), Pause),
    ("limit of the application", 400, error(341), Retry),
    ("blocked for policy", 400, error(368), Retry),
    *(("calls exceed the rate", 400, error(613, sub), Retry) for sub in (None, 1487742, 5044001)),
    ("unknown id", 400, error(803), Pause),
    ("unknown", 400, error(5000), Retry),
    ("data set upload not ready", 400, error(21009), Retry),
    *(("limit of a use case", 400, error(code), Retry) for code in (80000, 80003, 80004, 80014)),
    ("internal error", 400, error(-3), Retry),
    ("passing, whatever the code", 400, error(9999, None, "x", is_transient=True), Retry),
    ("passing, without a subcode", 400, error(100, None, "x", is_transient=True), Retry),
    ("a token that is told to be passing", 400, error(190, None, "x", is_transient=True), Pause),
    ("a code that nobody knows", 400, error(9999), Split),
]

EVENTS = [
    *(2804001, 2804003, 2804004, 2804007, 2804008, 2804009, 2804010, 2804014, 2804016, 2804017),
    *(2804023, 2804030, 2804036, 2804043, 2804048, 2804050, 2804066, 2804069, 2804079, 2804087),
    2804116,
]

STATUSES = [
    *((status, "<html>busy</html>", Retry) for status in (408, 425, 429, 500, 502, 503, 504)),
    (200, "<html><h1>Service Unavailable</h1></html>", Retry),
    (200, "", Retry),
    (200, {"messages": [], "fbtrace_id": "A1"}, Retry),
    (200, {"events_received": 1, "messages": [], "fbtrace_id": "A1"}, Retry),
    (200, {"events_received": 0, "messages": [], "fbtrace_id": "A1"}, Retry),
    (200, {"events_received": 2, "messages": [], "fbtrace_id": "A1"}, Delivered),
    (200, {"events_received": 2, "messages": ["a warning"], "fbtrace_id": "A1"}, Delivered),
    *((status, "<html>no</html>", Pause) for status in (400, 401, 403, 404, 405, 409, 410, 422)),
    (404, "", Pause),
    (302, "", Pause),
    (413, "<html>too large</html>", Split),
]


@pytest.mark.parametrize(("why", "status", "body", "kind"), CODES)
def test_a_code_means_what_its_row_says(
    meta: Destination, why: str, status: int, body: Any, kind: type[Outcome]
) -> None:
    assert [type(one) for one in outcomes(meta, status, body)] == [kind, kind], why


@pytest.mark.parametrize("subcode", EVENTS)
@pytest.mark.parametrize("more", [{}, {"is_transient": False}, {"is_transient": True}])
def test_a_bad_event_is_looked_for_and_dies_alone(
    meta: Destination, subcode: int, more: dict[str, Any]
) -> None:
    body = error(100, subcode, **more)

    assert [type(one) for one in outcomes(meta, 400, body)] == [Split, Split]
    [alone] = outcomes(meta, 400, body, TWO[:1])
    assert alone == Split(f"HTTP 400: 100/{subcode} Invalid parameter")


@pytest.mark.parametrize(("status", "body", "kind"), STATUSES)
def test_an_answer_without_a_code_is_read_by_its_status(
    meta: Destination, status: int, body: Any, kind: type[Outcome]
) -> None:
    assert [type(one) for one in outcomes(meta, status, body)] == [kind, kind]


def test_no_answer_is_tried_again(meta: Destination) -> None:
    assert (
        classify(meta, TWO, NoAnswer("no answer within 10 s"), Millis(NOW))
        == [Retry("no answer within 10 s")] * 2
    )


def usage(*minutes: Any) -> str:
    """The header of two businesses, each with one line a number."""
    lines = [{"type": "ads_management", "estimated_time_to_regain_access": one} for one in minutes]
    return json.dumps({"1001": lines[:1], "1002": lines[1:]})


WAITS = [
    ("no header", 80004, {}, 5 * MINUTE_MS),
    ("minutes of one", 80004, {"x_business_use_case_usage": usage(12)}, 12 * MINUTE_MS),
    ("the longest", 80004, {"x_business_use_case_usage": usage(3, 17, 9)}, 17 * MINUTE_MS),
    ("none to wait", 80004, {"x_business_use_case_usage": usage(0, 0)}, 5 * MINUTE_MS),
    ("no JSON", 80004, {"x_business_use_case_usage": "<html>"}, 5 * MINUTE_MS),
    ("JSON of another form", 80004, {"x_business_use_case_usage": "[1, {}]"}, None),
    ("minutes as a text", 80004, {"x_business_use_case_usage": usage("soon")}, None),
    ("Retry-After", 80004, {"retry_after": "90"}, 90_000),
    ("both: the header of the limit", 4, {"x_business_use_case_usage": usage(2)}, 2 * MINUTE_MS),
    ("an app's limit alone", 4, {"x_app_usage": '{"call_count": 100}'}, None),
    ("a user's limit, Retry-After", 17, {"retry_after": "30"}, 30_000),
    (
        "an account's limit",
        613,
        {"x_ad_account_usage": '{"acc_id_util_pct": 100, "reset_time_duration": 75}'},
        75_000,
    ),
    ("blocked for policy", 368, {}, 15 * MINUTE_MS),
]


@pytest.mark.parametrize(("why", "code", "headers", "after_ms"), WAITS)
def test_a_limit_waits_as_long_as_its_header_says(
    meta: Destination, why: str, code: int, headers: dict[str, str], after_ms: int | None
) -> None:
    for outcome in outcomes(meta, 400, error(code), **headers):
        assert isinstance(outcome, Retry)
        assert outcome.after_ms == after_ms, why


UNEXPECTED = "Unexpected key \"X\" on param \"$['data'][{}]['custom_data']['contents'][0]\"."
SPANISH = "Clave inesperada \"X\" en el parámetro \"$['data'][{}]['custom_data']\"."
ARRAY = "The parameter $['data'][{}]['custom_data']['contents'] must be an array."
STRING = "Param $['data'][{}]['custom_data']['content_category'] must be a string"
REQUIRED = "The parameter $['data'][{}]['user_data'] is required"


@pytest.mark.parametrize("text", [UNEXPECTED, SPANISH, ARRAY, STRING, REQUIRED])
@pytest.mark.parametrize("place", ["error_user_msg", "message"])
@pytest.mark.parametrize("index", [0, 1])
def test_the_event_that_is_named_dies_and_the_others_go_at_once(
    meta: Destination, text: str, place: str, index: int
) -> None:
    body = error(100, 2804019, **{"message": "Parámetro no válido", place: text.format(index)})

    found = outcomes(meta, 400, body)

    assert isinstance(found[index], Dead)
    other = found[1 - index]
    assert isinstance(other, Retry)
    assert other.now


def test_a_translated_text_without_a_place_does_not_hide_the_message_s(meta: Destination) -> None:
    body = error(100, 2804019, ARRAY.format(1), error_user_msg="Comprueba los parámetros.")

    assert [type(one) for one in outcomes(meta, 400, body)] == [Retry, Dead]


@pytest.mark.parametrize(
    "text",
    [
        UNEXPECTED.format(7),
        UNEXPECTED.format(-1),
        UNEXPECTED.format("x"),
        "Server Side Api Parameter Error",
        "&#036;[&#039;data&#039;][1] must be an array",
        "<html>['data'][</html>",
        "",
    ],
)
def test_a_place_that_is_none_is_looked_for_by_halving(meta: Destination, text: str) -> None:
    body = error(100, 2804019, error_user_msg=text)

    assert [type(one) for one in outcomes(meta, 400, body)] == [Split, Split]


@pytest.mark.parametrize("message", [None, 7, [], {"a": 1}, EllipsisType])
def test_a_body_of_another_form_never_stops_the_reading(meta: Destination, message: Any) -> None:
    shown = None if message is EllipsisType else message
    body = error(100, 2804019, message=shown, error_user_msg=shown, error_data='"null"')

    assert [type(one) for one in outcomes(meta, 400, body)] == [Split, Split]


def test_a_pause_says_whose_fault_it_is(meta: Destination) -> None:
    [token, _] = outcomes(meta, 401, error(190, 463))
    [dataset, _] = outcomes(meta, 400, error(100, 33))

    assert token == Pause("Meta refuses the token or its rights: error 190")
    assert dataset == Pause("the dataset does not exist, or the token has no access to it")
