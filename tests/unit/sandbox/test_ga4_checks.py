import pytest

QUERY = {"measurement_id": "G-TEST", "api_secret": "secret"}
APP_QUERY = {"firebase_app_id": "1:2:android:3", "api_secret": "secret"}
NOW_MICROS = 1_790_000_000_000_000
HOUR_MICROS = 3_600_000_000
EVENT = "events/0"
PARAMS = "events/0/params"


@pytest.fixture
def debug(sandbox):
    """The one message of the validation server, or None."""

    def debug(body, *, strict=False, query=None):
        mode = {"validation_behavior": "ENFORCE_RECOMMENDATIONS"} if strict else {}
        path = "/ga4/debug/mp/collect"
        answer = sandbox.post(path, {**body, **mode}, params=QUERY if query is None else query)
        assert answer.status_code == 200
        messages = answer.json()["validationMessages"]
        assert len(messages) <= 1
        return messages[0] if messages else None

    return debug


def test_a_clean_request_has_no_message_in_either_mode(debug, ga4_body):
    assert debug(ga4_body) is None
    assert debug(ga4_body, strict=True) is None


VERBATIM = {
    "a name that begins with no letter": (
        {f"{EVENT}/name": "_badEventName"},
        "relaxed",
        "events",
        "NAME_INVALID",
        (
            "Event at index: [0] has invalid name [_badEventName]."
            " Names must start with an alphabetic character."
        ),
    ),
    "a name with other characters": (
        {f"{EVENT}/name": "campaign@details"},
        "relaxed",
        "events",
        "NAME_INVALID",
        (
            "Event at index: [0] has invalid name [campaign@details]."
            " Only alphanumeric characters and underscores are allowed."
        ),
    ),
    "an unknown key": (
        {f"{EVENT}/names": "x"},
        "relaxed",
        None,
        "VALUE_INVALID",
        "Unable to parse Measurement Protocol JSON payload. (events[0]) names: Cannot find field.",
    ),
    "no client_id": (
        {"client_id": ...},
        "relaxed",
        "client_id",
        "VALUE_REQUIRED",
        "Measurement requires a client_id.",
    ),
    "a client_id of another shape": (
        {"client_id": "18"},
        "strict",
        "client_id",
        "VALUE_INVALID",
        "client_id [18] has invalid format. It should be in <number>.<number> format.",
    ),
    "an event too old": (
        {"timestamp_micros": NOW_MICROS - 72 * HOUR_MICROS - 1},
        "strict",
        "timestamp_micros",
        "VALUE_INVALID",
        (
            "Measurement timestamp_micros has timestamp too far in the past."
            " Measurement protocol only supports timestamps [72h] into the past."
            f" The current time in UNIX microseconds is [{NOW_MICROS}]."
        ),
    ),
    "a price in a text": (
        {f"{PARAMS}/items": [{"item_id": "1", "price": "$19"}]},
        "strict",
        None,
        "INTERNAL_ERROR",
        (
            "Validation of item.price should prevent conversion from unsupported value"
            ' [string_value: "$19"]'
        ),
    ),
}


@pytest.mark.parametrize(
    ("changes", "mode", "place", "code", "text"), VERBATIM.values(), ids=VERBATIM
)
def test_the_known_messages_are_given_word_by_word(
    debug, ga4_body, change, changes, mode, place, code, text
):
    message = debug(change(ga4_body, changes), strict=mode == "strict")

    expected = {"description": text, "validationCode": code}
    assert message == (expected if place is None else {"fieldPath": place, **expected})


@pytest.mark.parametrize("name", ["measurement_id", "api_secret"])
def test_a_missing_parameter_of_the_query_is_told(debug, ga4_body, name):
    query = {key: value for key, value in QUERY.items() if key != name}

    message = debug(ga4_body, query=query)

    assert message == {
        "fieldPath": name,
        "validationCode": "VALUE_REQUIRED",
        "description": f"Unable to find non-empty parameter [{name}] value in request.",
    }


@pytest.mark.parametrize(
    ("app_id", "text"),
    [
        (None, "Measurement requires an app_instance_id."),
        (
            "a" * 31,
            (
                "Measurement app_instance_id is expected to be a 32 digit hexadecimal number"
                " but was [31] digits."
            ),
        ),
        (
            "a" * 31 + "x",
            "Measurement app_instance_id contains non hexadecimal character [x].",
        ),
    ],
)
def test_an_app_stream_needs_an_instance_id(debug, ga4_body, change, app_id, text):
    message = debug(change(ga4_body, {"app_instance_id": app_id}), strict=True, query=APP_QUERY)

    assert message["description"] == text
    assert message["fieldPath"] == "app_instance_id"


def test_an_app_stream_with_its_id_is_clean(debug, ga4_body, change):
    body = change(ga4_body, {"app_instance_id": "aB" * 16, "client_id": ...})

    assert debug(body, strict=True, query=APP_QUERY) is None


RELAXED = {
    "a reserved name": ({f"{EVENT}/name": "session_start"}, "NAME_RESERVED"),
    "a reserved prefix": ({f"{EVENT}/name": "google_thing"}, "NAME_RESERVED"),
    "an app's name on the web": ({f"{EVENT}/name": "screen_view"}, "NAME_RESERVED"),
    "no name": ({f"{EVENT}/name": ...}, "VALUE_REQUIRED"),
    "no events": ({"events": []}, "VALUE_REQUIRED"),
    "a reserved param": ({f"{PARAMS}/firebase_conversion": 1}, "NAME_RESERVED"),
    "a reserved param prefix": ({f"{PARAMS}/ga_thing": 1}, "NAME_RESERVED"),
    "a param name with a dash": ({f"{PARAMS}/a-b": 1}, "NAME_INVALID"),
    "a reserved user property": (
        {"user_properties": {"first_open_time": {"value": 1}}},
        "NAME_RESERVED",
    ),
    "an unknown key at the top": ({"clientid": "1.2"}, "VALUE_INVALID"),
    "consent in lower case": ({"consent/ad_user_data": "granted"}, "VALUE_INVALID"),
    "a bare user property": ({"user_properties": {"tier": "gold"}}, "VALUE_INVALID"),
    "a number for client_id": ({"client_id": 7}, "VALUE_INVALID"),
    "events that are no list": ({"events": {}}, "VALUE_INVALID"),
    "a time in ISO 8601": ({"timestamp_micros": "2026-09-21T13:00:00Z"}, "VALUE_INVALID"),
    "an unknown key of the device": ({"device": {"colour": "red"}}, "VALUE_INVALID"),
}

STRICT = {
    "a name of 41 characters": ({f"{EVENT}/name": "a" * 41}, "NAME_INVALID"),
    "a param name of 41": ({f"{PARAMS}/" + "a" * 41: 1}, "NAME_INVALID"),
    "a value of 101": ({f"{PARAMS}/coupon": "a" * 101}, "VALUE_OUT_OF_BOUNDS"),
    "a title of 301": ({f"{PARAMS}/page_title": "a" * 301}, "VALUE_OUT_OF_BOUNDS"),
    "a location of 1001": ({f"{PARAMS}/page_location": "a" * 1001}, "VALUE_OUT_OF_BOUNDS"),
    "a null": ({f"{PARAMS}/coupon": None}, "VALUE_INVALID"),
    "an object": ({f"{PARAMS}/coupon": {"a": 1}}, "VALUE_INVALID"),
    "a value in a text": ({f"{PARAMS}/value": "10"}, "VALUE_INVALID"),
    "items that are no list": ({f"{PARAMS}/items": {}}, "VALUE_INVALID"),
    "an item without id and name": ({f"{PARAMS}/items": [{"price": 1}]}, "VALUE_REQUIRED"),
    "201 items": ({f"{PARAMS}/items": [{"item_id": "1"}] * 201}, "EXCEEDED_MAX_ENTITIES"),
    "11 custom item params": (
        {f"{PARAMS}/items": [{"item_id": "1", **{f"own_{n}": n for n in range(11)}}]},
        "EXCEEDED_MAX_ENTITIES",
    ),
    "26 params": (
        {f"{EVENT}/params": {f"p{n}": n for n in range(26)}},
        "EXCEEDED_MAX_ENTITIES",
    ),
    "26 user properties": (
        {"user_properties": {f"p{n}": {"value": n} for n in range(26)}},
        "EXCEEDED_MAX_ENTITIES",
    ),
    "a user property of 25 characters": (
        {"user_properties": {"a" * 25: {"value": 1}}},
        "NAME_INVALID",
    ),
    "a user property's value of 37": (
        {"user_properties": {"a": {"value": "a" * 37}}},
        "VALUE_OUT_OF_BOUNDS",
    ),
    "a user property without a value": ({"user_properties": {"a": {}}}, "VALUE_REQUIRED"),
    "a user_id of 257": ({"user_id": "a" * 257}, "VALUE_OUT_OF_BOUNDS"),
    "a session id with letters": ({f"{PARAMS}/session_id": "abc"}, "VALUE_INVALID"),
    "the future": ({"timestamp_micros": NOW_MICROS + 1}, "VALUE_INVALID"),
    "an event's own old time": (
        {f"{PARAMS}/timestamp_micros": NOW_MICROS - 73 * HOUR_MICROS},
        "VALUE_INVALID",
    ),
}

CLEAN = {
    "a name of 40 characters": {f"{EVENT}/name": "a" * 40},
    "a value of 100": {f"{PARAMS}/coupon": "a" * 100},
    "a title of 300": {f"{PARAMS}/page_title": "a" * 300},
    "200 items": {f"{PARAMS}/items": [{"item_id": "1"}] * 200},
    "10 custom item params": {
        f"{PARAMS}/items": [{"item_id": "1", **{f"own_{n}": n for n in range(10)}}]
    },
    "25 params": {f"{EVENT}/params": {f"p{n}": n for n in range(25)}},
    "25 user properties": {"user_properties": {f"p{n}": {"value": n} for n in range(25)}},
    "71 h 59 min": {"timestamp_micros": NOW_MICROS - 72 * HOUR_MICROS + 60_000_000},
    "micros in a text": {"timestamp_micros": str(NOW_MICROS)},
    "the whole _ga cookie": {"client_id": "GA1.1.1162820436.1749482504"},
    "the whole session cookie": {f"{PARAMS}/session_id": "GS2.1.s1747132561$o1$g0$t1747132655"},
    "a number for session_id": {f"{PARAMS}/session_id": 1747132561},
    "camelCase": {"client_id": ..., "clientId": "1.2", "userId": "7"},
    "a misspelt event": {f"{EVENT}/name": "purchse"},
    "a user_id of 256": {"user_id": "a" * 256},
    "hashed data": {
        "user_data": {
            "sha256_email_address": ["a" * 64],
            "address": [{"sha256_first_name": "a" * 64, "country": "CO"}],
        }
    },
    "place and device": {
        "user_location": {"country_id": "CO", "region_id": "CO-DC"},
        "device": {"category": "mobile"},
        "ip_override": "190.24.10.7",
        "user_agent": "Mozilla/5.0",
    },
}


@pytest.mark.parametrize(("changes", "code"), RELAXED.values(), ids=RELAXED)
def test_relaxed_mode_refuses(debug, ga4_body, change, changes, code):
    assert debug(change(ga4_body, changes))["validationCode"] == code


@pytest.mark.parametrize(("changes", "code"), STRICT.values(), ids=STRICT)
def test_enforce_mode_refuses_what_relaxed_lets_pass(debug, ga4_body, change, changes, code):
    body = change(ga4_body, changes)

    assert debug(body) is None
    assert debug(body, strict=True)["validationCode"] == code


@pytest.mark.parametrize("changes", CLEAN.values(), ids=CLEAN)
def test_the_nearest_good_request_is_clean_in_enforce_mode(debug, ga4_body, change, changes):
    assert debug(change(ga4_body, changes), strict=True) is None


def test_twenty_five_events_are_clean_and_one_more_is_too_many(debug, ga4_body):
    (event,) = ga4_body["events"]

    assert debug({**ga4_body, "events": [event] * 25}, strict=True) is None
    message = debug({**ga4_body, "events": [event] * 26}, strict=True)

    assert message["validationCode"] == "EXCEEDED_MAX_ENTITIES"
