"""What is kept of what was posted: `encamina events` after odd, partial and mislabelled bodies."""

import json
import uuid
from types import SimpleNamespace

import httpx
import pytest

pytestmark = pytest.mark.slow

KEY = "demo-write-key"
TYPES = ["track", "identify", "page", "screen", "group", "alias"]
WORDS = ["NaN", "Infinity", "-Infinity"]
ODD = {"cero": "a\u0000b", "grande": 2**70, "lista": [], "vacío": {}, "ü": -0.0}
OWN = {"context": {"locale": "es-CO", "app": {"name": "Tienda"}}, "integrations": {"ga4": True}}
FOR_ALL = {
    "context": {"locale": "en-US", "timezone": "America/Bogota", "app": {"build": "7"}},
    "integrations": {"All": False, "ga4": False},
}
LONG = "ñ" * 100


def a_track(id_, **overrides):
    body = {"type": "track", "event": "Café servido", "userId": "lucia", "messageId": id_}
    return body | overrides


def a_batch(*events, **more):
    return json.dumps({"batch": events, **more}).encode()


def with_word(word):
    event = json.dumps(a_track(word, properties={"ratio": "@", "n": 1}))
    return f'{{"batch":[{event}]}}'.replace('"@"', word).encode()


BODIES = {
    **{word: with_word(word) for word in WORDS},
    "half": a_batch(
        a_track("half", properties={"corte \ud83d": "fin \ude00", "todo": "🦙"}, nota="ñ")
    ),
    "latin": a_batch(a_track("latin", nota="@")).replace(b"@", "ñ".encode("latin-1")),
    "odd": a_batch(a_track("odd", properties=ODD, anonymousId=None)),
    "merged": a_batch(a_track("own", **OWN), a_track("bare"), **FOR_ALL),
    "ids": a_batch(*(a_track(one) for one in (LONG, LONG + "ñ", 12345, " spaced "))),
    "key": a_batch(a_track("key-listed", writeKey=KEY), writeKey=KEY),
    "unnamed": a_batch(a_track(None), {"type": "page", "anonymousId": 7}),
}


@pytest.fixture(scope="module")
def posted(shop):
    """The answers, and the events that were kept, by messageId."""
    with httpx.Client(base_url=shop.server.url, auth=(KEY, ""), timeout=30) as http:
        answers = {
            name: http.post("/v1/batch", content=body).json() for name, body in BODIES.items()
        }
        for type_ in TYPES:
            for name in (type_, type_[0]):
                http.post(f"/v1/{name}", json=an_event_without_type(f"at-{name}"))
        http.post("/v1/track", json=a_track("key-alone", writeKey=KEY))
    newest = shop.lines("events", "--limit", "50", "--verdict", "accepted")
    events = [one["event"] for one in newest]
    return SimpleNamespace(
        answers=answers, kept={one["messageId"]: one for one in events}, events=events
    )


def an_event_without_type(id_):
    """Good whatever the path says it is."""
    event = a_track(id_, groupId="emp-1", previousId="inv-1")
    del event["type"]
    return event


@pytest.mark.parametrize("type_", TYPES)
def test_the_path_is_the_type(posted, type_):
    assert posted.kept[f"at-{type_}"]["type"] == type_
    assert posted.kept[f"at-{type_[0]}"]["type"] == type_


def test_the_key_in_the_body_is_no_part_of_the_event(posted):
    assert "writeKey" not in posted.kept["key-alone"]
    assert "writeKey" not in posted.kept["key-listed"]


def test_what_the_batch_says_for_all_is_under_what_an_event_says_itself(posted):
    own, bare = posted.kept["own"], posted.kept["bare"]

    assert own["context"] == {
        "locale": "es-CO",
        "timezone": "America/Bogota",
        "app": {"name": "Tienda"},
    }
    assert own["integrations"] == {"All": False, "ga4": True}
    assert {key: bare[key] for key in FOR_ALL} == FOR_ALL


@pytest.mark.parametrize("word", WORDS)
def test_a_number_that_json_has_not_is_null_and_there_is_a_warning(posted, word):
    answer = posted.answers[word]

    assert answer["accepted"] == 1
    assert answer["warnings"] == [f"{word} is no JSON number and was read as null"]
    assert posted.kept[word]["properties"] == {"n": 1}


def test_half_an_emoji_is_replaced_and_there_is_a_warning(posted):
    event = posted.kept["half"]

    assert posted.answers["half"]["warnings"] == ["lone surrogates were replaced by U+FFFD"]
    assert event["properties"] == {"corte \ufffd": "fin \ufffd", "todo": "🦙"}
    assert event["nota"] == "ñ"


def test_bytes_that_are_no_text_are_replaced_and_there_is_a_warning(posted):
    assert posted.answers["latin"]["warnings"] == ["bytes that are no UTF-8 were replaced"]
    assert posted.kept["latin"]["nota"] == "\ufffd"


def test_odd_but_legal_json_is_kept_as_it_is(posted):
    assert "warnings" not in posted.answers["odd"]
    assert posted.kept["odd"]["properties"] == ODD
    assert "anonymousId" not in posted.kept["odd"]


def test_an_id_may_be_any_text_of_a_hundred_characters(posted):
    [refused] = posted.answers["ids"]["results"]

    assert (refused["index"], refused["verdict"]) == (1, "quarantined")
    assert [error["path"] for error in refused["errors"]] == ["messageId"]
    assert {LONG, "12345", "spaced"} <= posted.kept.keys()


def test_an_event_without_an_id_gets_one_and_a_number_for_a_person_is_a_text(posted):
    [page] = [one for one in posted.events if one.get("anonymousId") == "7"]

    assert posted.answers["unnamed"]["accepted"] == 2
    assert uuid.UUID(page["messageId"])
