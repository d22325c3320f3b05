"""Events from the address of an image."""

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api.image import GIF, event_of
from engine.model.errors import Refused
from tests.support.faces import a_face

pytestmark = pytest.mark.trio

LEAD = {"writeKey": "web-key", "anonymousId": "añ?>~1", "event": "Lead", "properties": {"n": 1}}


@pytest.fixture
async def face(tmp_path):
    async with a_face(tmp_path) as face:
        yield face


def encoded(encode):
    return encode(json.dumps(LEAD, ensure_ascii=False).encode()).decode()


@pytest.mark.parametrize("path", ["/v1/pixel/track", "/pixel/v1/track", "/pixel/v1/track/"])
@pytest.mark.parametrize(
    "data",
    [
        encoded(b64encode),
        encoded(urlsafe_b64encode),
        encoded(b64encode).rstrip("="),
        encoded(b64encode).replace("+", " "),
    ],
)
async def test_data_is_an_event_in_base64(face, path, data):
    answer = await face.http.get(path, params={"data": data})

    [kept] = await face.kept()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content == GIF
    assert (kept["type"], kept["event"], kept["anonymousId"]) == ("track", "Lead", "añ?>~1")
    assert kept["context"]["ip"] == "127.0.0.1"
    assert "writeKey" not in kept


async def test_a_plain_query_is_an_event_with_dots_between_names(face):
    await face.http.get(
        "/v1/pixel/page",
        params={
            "writeKey": "web-key",
            "userId": "u1",
            "name": "Correo",
            "properties.subject": "Oferta",
            "context.campaign.name": "noviembre",
        },
    )

    [kept] = await face.kept()
    assert (kept["type"], kept["userId"], kept["name"]) == ("page", "u1", "Correo")
    assert kept["properties"] == {"subject": "Oferta"}
    assert kept["context"]["campaign"] == {"name": "noviembre"}


@pytest.mark.parametrize(
    "url",
    [
        "/v1/pixel/track",
        "/v1/pixel/track?data=%FF",
        "/v1/pixel/track?data=!!!",
        "/v1/pixel/track?data=W10",
        "/v1/pixel/track?data=" + b64encode(b"[" * 5_000).decode(),
        "/v1/pixel/track?writeKey=none&userId=u1&event=Lead",
        "/v1/pixel/nothing?writeKey=web-key&userId=u1&event=Lead",
    ],
)
async def test_whatever_comes_is_answered_with_the_image_and_kept_only_if_it_is_good(face, url):
    answer = await face.http.get(url)

    assert (answer.status_code, answer.content) == (200, GIF)
    assert await face.kept() == []


async def test_to_look_whether_there_is_an_image_is_no_event(face):
    answer = await face.http.head("/v1/pixel/track?writeKey=web-key&userId=u1&event=Lead")

    assert answer.status_code == 200
    assert await face.kept() == []


async def test_the_image_is_one_point_of_43_bytes():
    assert len(GIF) == 43
    assert GIF.startswith(b"GIF89a\x01\x00\x01\x00")


@pytest.mark.parametrize("query", [[("a", "1"), ("a.b", "2")], [("a..b", "1"), ("a.b", "2")]])
async def test_odd_names_of_a_query_make_no_odd_event(query):
    assert event_of(query) == {"a": {"b": "2"}}


async def test_names_that_are_too_deep_are_left_out():
    assert event_of([(".".join("a" * 11), "1"), ("b", "2")]) == {"b": "2"}


NAMES = st.text(st.sampled_from("ab.data=%+"), max_size=8) | st.sampled_from(["data", "writeKey"])


@given(st.lists(st.tuples(NAMES, st.text(max_size=40)), max_size=8))
async def test_no_query_makes_a_fault_of_ours(query):
    event = {}
    with suppress(Refused):
        event = event_of(query)

    assert isinstance(event, dict)
