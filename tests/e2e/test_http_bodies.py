"""The bodies that clients really send: gzip, chunked, mislabelled, too large, and cut off."""

import gzip
import json
import socket
import uuid
import zlib
from pathlib import Path

import httpx
import pytest

from tests.e2e.gate import port_of

pytestmark = pytest.mark.slow

KEY = "demo-write-key"
MIB = 1 << 20
EVENT_LIMIT = 32 * 1024
TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "no type at all",
    None,
]


@pytest.fixture
def http(shop):
    with httpx.Client(base_url=shop.server.url, auth=(KEY, ""), timeout=30) as client:
        yield client


def a_track(**overrides):
    body = {"type": "track", "event": "Café ñ 🦙", "userId": "lucia"}
    return body | {"messageId": str(uuid.uuid4())} | overrides


def a_batch(*events, **more):
    return json.dumps({"batch": list(events) or [a_track()], **more}).encode()


def post(http, body, **headers):
    request = http.build_request("POST", "/v1/batch", content=body)
    request.headers.update(headers)
    return http.send(request)


def assert_taken(answer, count=1):
    assert answer.status_code == 200, answer.text
    assert (answer.json()["received"], answer.json()["accepted"]) == (count, count), answer.text


def assert_refused(answer, code):
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json().keys() == {"success", "code", "message"}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("type_", TYPES)
def test_the_content_type_says_nothing(http, type_, packed):
    body = gzip.compress(a_batch()) if packed else a_batch()

    assert_taken(post(http, body, **{"Content-Type": type_} if type_ else {}))


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", None])
def test_gzip_is_known_by_its_label_or_its_first_bytes(http, encoding):
    labelled = {"Content-Encoding": encoding} if encoding else {}

    assert_taken(post(http, gzip.compress(a_batch()), **labelled))


@pytest.mark.parametrize(
    "body",
    [
        a_batch(),
        gzip.compress(a_batch())[:-9],
        b"\x1f\x8b",
        gzip.compress(a_batch())[:2] + b"x" * 99,
    ],
    ids=["plain", "cut", "magic-only", "broken"],
)
def test_what_is_labelled_gzip_and_is_none_is_refused(http, body):
    assert_refused(post(http, body, **{"Content-Encoding": "gzip"}), "invalid_gzip")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_chunked_body_is_taken(http, packed):
    body = gzip.compress(a_batch()) if packed else a_batch()
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))

    answer = post(http, pieces)

    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert_taken(answer)


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(shop):
    body = a_batch(writeKey=KEY)
    with connected(shop) as client:
        client.sendall(head(len(body), "Expect: 100-continue"))
        asked = client.recv(1000)
        client.sendall(body)
        answer = client.recv(10_000)

    assert asked.startswith(b"HTTP/1.1 100")
    assert answer.startswith(b"HTTP/1.1 200")


def connected(shop):
    return socket.create_connection(("127.0.0.1", port_of(shop.server.url)), timeout=10)


def head(length, *lines):
    text = ["POST /v1/batch HTTP/1.1", "Host: x", f"Content-Length: {length}", *lines, "", ""]
    return "\r\n".join(text).encode()


def test_a_client_that_hangs_up_within_the_body_leaves_nothing_and_harms_nobody(shop, http):
    body = a_batch(a_track(messageId="cut-off"), writeKey=KEY)
    with connected(shop) as client:
        client.sendall(head(len(body)) + body[:-1])

    assert_taken(post(http, a_batch(a_track(messageId="cut-off"))))


def a_batch_of(size):
    """A batch of exactly ``size`` bytes whose events are all within their own limit."""
    events = [a_track(nota="n" * 30_000) for _ in range(size // 30_500)]
    rest = size - len(a_batch(*events, nota=""))
    return a_batch(*events, nota="n" * rest), len(events)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_batch_of_eight_mebibytes_is_taken(http, packed):
    body, count = a_batch_of(8 * MIB)

    assert len(body) == 8 * MIB
    assert_taken(post(http, gzip.compress(body, 1) if packed else body), count)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("size", [8 * MIB + 1, 20 * MIB])
def test_a_larger_one_is_refused_in_a_way_that_reaches_the_client(http, size, packed):
    body, _ = a_batch_of(size)

    answer = post(http, gzip.compress(body, 1) if packed else body)

    assert_refused(answer, "too_large")
    assert "8,388,608" in answer.json()["message"]


def test_a_gzip_bomb_costs_no_memory(shop, http):
    before = peak_bytes(shop)

    answer = post(http, a_bomb(mebibytes=2_000))

    assert_refused(answer, "too_large")
    assert peak_bytes(shop) - before < 64 * MIB


def a_bomb(mebibytes):
    """Gzip of so many mebibytes of spaces: each is the same block, so that it is made quickly."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * mebibytes


def peak_bytes(shop):
    lines = Path(f"/proc/{shop.server.process.pid}/status").read_text().splitlines()
    return next(int(one.split()[1]) * 1024 for one in lines if one.startswith("VmHWM"))


def test_two_thousand_five_hundred_events_are_taken_and_one_more_is_not(http):
    events = [a_track() for _ in range(2_501)]

    assert_refused(post(http, a_batch(*events)), "too_large")
    assert_taken(post(http, a_batch(*events[1:])), 2_500)


def test_an_event_over_the_limit_is_quarantined_and_its_batch_goes_on(http):
    body = post(http, a_batch(a_track(), an_event_of(EVENT_LIMIT + 1), a_track())).json()

    assert (body["accepted"], body["quarantined"]) == (2, 1)
    [result] = body["results"]
    assert (result["index"], result["verdict"]) == (1, "quarantined")
    assert "32,769 bytes, more than 32,768" in result["errors"][0]["message"]


def test_an_event_of_exactly_the_limit_is_accepted(http):
    assert_taken(post(http, a_batch(an_event_of(EVENT_LIMIT))))


def an_event_of(size):
    event = a_track(event="Large", nota="")
    return event | {"nota": "n" * (size - len(json.dumps(event, separators=(",", ":"))))}


def test_an_event_that_is_nested_too_deeply_is_rejected_and_the_others_go(http):
    deep = json.loads('{"a":' * 900 + "1" + "}" * 900)
    event = {"type": "track", "event": "Deep", "userId": "ana", "properties": deep}
    fine = {"type": "track", "event": "Fine", "userId": "ana"}

    answer = http.post("/v1/batch", json={"batch": [event, fine]}, auth=("demo-write-key", ""))

    body = answer.json()
    assert (answer.status_code, body["accepted"], body["rejected"]) == (200, 1, 1)
    assert body["results"][0]["errors"][0]["message"] == "the event is nested too deeply"


def test_what_a_batch_says_for_all_is_refused_where_it_would_be_too_much(http):
    context = {f"k{number}": number for number in range(8_000)}

    refused = post(http, a_batch(*[{}] * 2_500, context=context))
    taken = post(http, a_batch(a_track(), a_track(), context={"locale": "es-CO"}))

    assert (refused.status_code, refused.json()["code"]) == (400, "too_large")
    assert "given to each of its 2,500 events" in refused.json()["message"]
    assert taken.json()["accepted"] == 2


def test_of_whoever_has_no_key_nothing_is_worked_out(shop):
    context = {f"k{number}": number for number in range(8_000)}
    body = a_batch(*[{}] * 2_500, context=context, writeKey="wrong")

    assert httpx.post(f"{shop.server.url}/v1/batch", content=body, timeout=30).status_code == 401
