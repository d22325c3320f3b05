"""Requests that no honest client sends: each gets a clear refusal or a closed connection."""

import gzip
import json
import socket
import uuid

import httpx
import pytest

from tests.support.processes import a_project, sandbox_running, server_running
from tests.support.raw import Raw, request

pytestmark = pytest.mark.slow

KEY = "demo-write-key"
BASIC = "Authorization: Basic ZGVtby13cml0ZS1rZXk6"
QUICK = "  request_timeout: 1s\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server that gives a body one second."""
    folder = tmp_path_factory.mktemp("listener")
    project = a_project(folder)
    settings = project / "encamina.yaml"
    settings.write_text(settings.read_text().replace("server:\n", "server:\n" + QUICK))
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, project) as running:
        yield running


@pytest.fixture(autouse=True)
def _unharmed(shop):
    """Whatever a test sent, the server goes on, and has no fault of its own to tell of."""
    yield
    answer = shop.post([{"type": "track", "event": "Good", "userId": "u"}])
    assert answer.json()["accepted"] == 1
    said = shop.server.said()
    assert "Traceback" not in said
    assert "fault" not in said.lower(), said[-2000:]


def a_batch(**more):
    event = {"type": "track", "event": "X", "userId": "u", "messageId": str(uuid.uuid4())}
    return json.dumps({"batch": [event], "writeKey": KEY, **more}).encode()


def assert_refused(answer, status=400, code="invalid_request"):
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.json().keys() == {"success", "code", "message"}
    assert answer.headers["connection"] == "close"


BODY = a_batch()
NO_HTTP = {
    "noise": b"\x00\xff\x16\x03" * 50 + b"\r\n\r\n",
    "tls to a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no host": b"POST /v1/batch HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two hosts": request(b"", "Host: y"),
    "a space before the colon": request(b"", "Content-Type : x"),
    "a header without a name": request(b"", ": x"),
    "a NUL in a header": request(b"", "X: a\x00b"),
    "a bare line feed in a header's value": request(b"", "X: a\rb"),
    "a NUL in the path": request(b"", path="/v1/\x00batch"),
    "a space in the path": request(b"", path="/v1/ba tch"),
    "two lengths": request(BODY, "Content-Length: 5"),
    "a length below zero": request(b"", "Content-Length: -1", length=False),
    "a length that is no number": request(b"", "Content-Length: 0x10", length=False),
    "a length of a thousand digits": request(b"", f"Content-Length: {'9' * 1000}", length=False),
    "length and chunks": request(BODY, "Transfer-Encoding: chunked"),
    "an unknown transfer encoding": request(b"", "Transfer-Encoding: gzip", length=False),
    "two transfer encodings": request(b"", "Transfer-Encoding: gzip, chunked", length=False),
    "http/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/3.7": request(b"", version="HTTP/3.7"),
    "http/0.9": b"GET /\r\n\r\n",
}
BROKEN_CHUNKS = {
    "a size that is none": b"zz\r\nabc\r\n0\r\n\r\n",
    "a size below zero": b"-1\r\nabc\r\n0\r\n\r\n",
    "a size too large": b"fffffffffffffffffffff\r\nabc\r\n",
    "no line end after the chunk": b"3\r\nabcdef\r\n0\r\n\r\n",
    "an endless extension": b"3;" + b"x" * 40_000,
    "endless trailers": b"0\r\n" + b"X: y\r\n" * 10_000,
}


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_request_is_refused_and_the_connection_closed(shop, data):
    with Raw(shop.server.url) as client:
        assert_refused(client.send(data).answer())
        assert client.is_closed()


@pytest.mark.parametrize("chunks", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS)
def test_broken_chunks_are_refused(shop, chunks):
    head = request(b"", BASIC, "Transfer-Encoding: chunked", length=False)

    with Raw(shop.server.url) as client:
        answer = client.send(head + chunks).answer()
        assert answer.status in {400, 431}
        assert answer.json()["success"] is False
        assert client.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        request(b"", path="/v1/batch?" + "x" * 65_536),
        request(b"", "X: " + "y" * 65_536),
        request(b"", *(f"X-{n}: y" for n in range(20_000))),
        b"POST /" + b"x" * 200_000,
    ],
    ids=["address", "header", "headers", "endless"],
)
def test_a_head_that_is_too_large_is_refused(shop, data):
    with Raw(shop.server.url) as client:
        assert_refused(client.send(data).answer(), 431, "too_large")
        assert client.is_closed()


def test_half_a_head_is_cut_off(shop):
    with Raw(shop.server.url, timeout=20) as client:
        client.send(b"POST /v1/batch HTTP/1.1\r\nHost")
        assert_refused(client.answer(), 408, "timeout")
        assert client.is_closed()


def test_a_body_that_drips_is_cut_off_whatever_drips(shop):
    with Raw(shop.server.url) as client:
        client.send(request(BODY, BASIC)[:-20])
        client.sock.settimeout(0.2)
        for byte in BODY[-20:-1]:
            try:
                client.send(bytes([byte]))
                answer = client.answer()
            except TimeoutError:
                continue
            break
        assert_refused(answer, 408, "timeout")


def test_a_body_that_stops_is_refused_where_the_client_still_listens(shop):
    with Raw(shop.server.url) as client:
        client.send(request(BODY, BASIC)[:-20])
        client.sock.shutdown(socket.SHUT_WR)
        assert_refused(client.answer(), 400, "incomplete")


def test_an_absurd_length_is_refused_before_anything_of_it_came(shop):
    with Raw(shop.server.url) as client:
        client.send(request(b"{", BASIC, f"Content-Length: {10**15}", length=False))
        assert_refused(client.answer(), 400, "too_large")


def test_a_batch_in_chunks_of_one_byte_with_extensions_and_trailers_is_taken(shop):
    body = a_batch()
    chunks = b"".join(b"1;a=b\r\n" + body[at : at + 1] + b"\r\n" for at in range(len(body)))
    head = request(b"", "Transfer-Encoding: CHUNKED", length=False)

    with Raw(shop.server.url) as client:
        answer = client.send(head + chunks + b"0\r\nX: y\r\n\r\n").answer()

    assert (answer.status, answer.json()["accepted"]) == (200, 1)


def test_requests_sent_ahead_are_answered_in_their_order(shop):
    sent = b"".join(
        request(a_batch(), f"X: {n}") + request(method="GET", path="/healthz") for n in range(50)
    )

    with Raw(shop.server.url) as client:
        client.send(sent)
        answers = [client.answer() for _ in range(100)]

    assert [one.status for one in answers] == [200] * 100
    assert [("accepted" in one.json(), "status" in one.json()) for one in answers] == [
        (True, False),
        (False, True),
    ] * 50


def test_a_client_that_asks_on_and_on_and_reads_nothing_is_left(shop):
    sent = request(method="GET", path="/metrics") * 200
    with Raw(shop.server.url, timeout=2) as client:
        with pytest.raises((TimeoutError, ConnectionError)):
            client.send(sent * 10_000)
        assert httpx.get(f"{shop.server.url}/healthz", timeout=2).status_code == 200


def test_http_1_0_is_answered_and_closed(shop):
    with Raw(shop.server.url) as client:
        answer = client.send(request(a_batch(), version="HTTP/1.0")).answer()

        assert (answer.status, answer.json()["accepted"]) == (200, 1)
        assert client.is_closed()


@pytest.mark.parametrize(
    "lines",
    [
        ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        (
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
    ],
    ids=["h2c", "websocket"],
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/batch", "/nowhere"])
def test_an_upgrade_is_not_taken_up(shop, lines, path):
    with Raw(shop.server.url) as client:
        answer = client.send(request(b"", *lines, method="GET", path=path)).answer()

    assert answer.status == {"/healthz": 200, "/v1/batch": 405, "/nowhere": 404}[path]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/batch", 405),
        ("DELETE", "/v1/batch", 405),
        ("BREW", "/v1/batch", 405),
        ("OPTIONS", "*", 404),
        ("TRACE", "/", 404),
        ("CONNECT", "example.com:443", 404),
        ("POST", "/v1/%00", 404),
        ("POST", "/v1/batch%00", 404),
        ("POST", "//v1/batch", 404),
        ("POST", "/v1/../v1/batch", 404),
        ("POST", "/%ff%fe", 404),
        ("POST", "/v1/%", 404),
        ("GET", "/v1/mailbox/%00%2f", 404),
        ("GET", "http://x/healthz", 200),
    ],
)
def test_a_strange_method_or_path_is_answered_in_our_form(shop, method, path, status):
    with Raw(shop.server.url) as client:
        answer = client.send(request(method=method, path=path)).answer()

    assert answer.status == status
    assert status == 200 or answer.json().keys() == {"success", "code", "message"}


def test_the_answer_to_head_has_no_body(shop):
    with Raw(shop.server.url) as client:
        client.send(
            request(method="HEAD", path="/healthz") + request(method="GET", path="/healthz")
        )

        assert client.answer(head_only=True).status == 200
        assert client.answer().json()["status"] == "ok"


@pytest.mark.parametrize("layers", [2, 3])
def test_gzip_within_gzip_is_no_json(shop, layers):
    body = a_batch()
    for _ in range(layers):
        body = gzip.compress(body)

    with Raw(shop.server.url) as client:
        answer = client.send(request(body, BASIC, "Content-Encoding: gzip")).answer()

    assert (answer.status, answer.json()["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"batch":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400),
        (b'{"batch":[{"type":"track","event":"E","userId":"u","n":1e999999}]}', 200),
        (b'{"batch":[{"type":"track","event":"E","userId":"u","n":' + b"9" * 100_000 + b"}]}", 200),
        (b'{"batch":[{"type":"track","type":"page","userId":"u","event":"a\\u0000b"}]}', 200),
        (b'{"batch":[{"type":"track","event":"\\ud800","userId":"\\udfff"}]}', 200),
        (b'{"batch":[{"type":"track","event":"\xed\xa0\x80","userId":"u"}]}', 200),
        (b'{"batch":[null,1,"x",[],{},true,NaN]}', 200),
        (b'{"batch":[{"type":{},"event":[],"userId":{"a":1},"context":[],"timestamp":{}}]}', 200),
        (b'{"batch":{}}', 400),
        (b"[]", 400),
        (b"null", 400),
        (b"", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b"\xff\xfe{\x00}\x00", 400),
    ],
)
def test_odd_json_is_read_or_refused(shop, body, status):
    with Raw(shop.server.url) as client:
        answer = client.send(request(body, BASIC)).answer()

    assert answer.status == status, answer.body
    if status == 200:
        counts = answer.json()
        named = ("accepted", "duplicate", "suppressed", "quarantined", "rejected")
        assert counts["received"] == sum(counts[one] for one in named)
    else:
        assert answer.json().keys() == {"success", "code", "message"}


def test_a_reset_in_the_middle_is_no_fault(shop):
    for cut in (1, 20, 60, 200):
        client = Raw(shop.server.url)
        client.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        client.send(request(BODY)[:cut])
        client.sock.close()
