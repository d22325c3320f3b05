"""Of who has no key as little is read and worked out as can be."""

import base64
import gzip
import json

import pytest

from engine.api.body import LARGE_BYTES, MOST_KEYS, named_keys
from tests.support.faces import a_face

pytestmark = pytest.mark.trio

FILL = "x" * LARGE_BYTES


@pytest.fixture
async def face(tmp_path):
    async with a_face(tmp_path) as face:
        yield face


class Body:
    """A body that tells whether anybody asked for it."""

    asked = False

    async def __aiter__(self):
        self.asked = True
        yield b'{"batch": [], "writeKey": "shop-key"}'


def basic(key):
    return {"Authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"}


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/t", "/beacon/v1/batch"])
@pytest.mark.parametrize(
    "how", [{"headers": basic("wrong")}, {"params": {"writeKey": "wrong"}}], ids=["basic", "query"]
)
async def test_a_wrong_key_beside_the_body_is_refused_before_the_body_is_read(face, path, how):
    body = Body()

    answer = await face.http.post(path, content=body, **how)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_write_key")
    assert not body.asked
    assert b'encamina_turned_away_total{why="write key"} 1.0' in metrics(face)


def metrics(face):
    return face.control.ingest.notices.metrics()


async def test_a_known_key_of_basic_auth_goes_before_one_in_the_address(face):
    answer = await face.http.post(
        "/v1/batch?writeKey=wrong", json={"batch": []}, headers=basic("shop-key")
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"batch": [], "fill": FILL, "writeKey": "shop-key"}, 200),
        ({"batch": [], "fill": FILL, "writeKey": "wrong"}, 401),
        ({"batch": [], "fill": FILL}, 401),
        ({"batch": [{"writeKey": "shop-key"}], "fill": FILL}, 401),
    ],
    ids=["known", "wrong", "none", "elsewhere"],
)
async def test_a_large_body_is_taken_for_its_key_alone(face, body, status, packed):
    data = json.dumps(body).encode()

    answer = await face.http.post("/v1/batch", content=gzip.compress(data, 1) if packed else data)

    assert answer.status_code == status


async def test_a_large_body_without_a_known_key_is_not_even_parsed(face):
    answer = await face.http.post("/v1/batch", content=b"no JSON " + FILL.encode())

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_write_key")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"writeKey":"a"}', ["a"]),
        (b'{"writeKey" :\n "a", "b": {"writeKey": "a"}}', ["a"]),
        (b'{"writeKey": "\\u00f1 \\"b\\\\"}', ['ñ "b\\']),
        (b'{"writeKey": 7, "writekey": "a"}', []),
        (b'{"writeKey": "\\x"}', []),
        (b'{"writeKey": "never ends', []),
    ],
)
async def test_keys_are_found_where_json_has_them(data, expected):
    assert list(named_keys(data)) == expected


async def test_thousands_of_keys_are_not_gone_through():
    data = b"".join(b'"writeKey":"%d",' % number for number in range(100 * MOST_KEYS))

    assert len(list(named_keys(data))) == MOST_KEYS
