"""Requests as a hostile or broken client sends them: good ones, changed at random from a seed."""

import gzip
import json
from random import Random

KEY = "demo-write-key"
PATHS = (
    *(
        "/v1/track",
        "/v1/identify",
        "/v1/page",
        "/v1/screen",
        "/v1/group",
        "/v1/alias",
        "/v1/import",
    ),
    *("/v1/t", "/v1/i", "/v1/p", "/v1/s", "/v1/g", "/v1/a", "/v1/b", "/v1/m"),
    *("/v1/mailbox/clarity", "/v1/mailbox/clarity/ack", "/healthz", "/readyz", "/metrics"),
    *("/sourceConfig/", "/beacon/v1/batch", "/v1/pixel/track", "/pixel/v1/page"),
    *(
        "/v1/projects/demo-write-key/settings",
        "/admin/dead/retry",
        "/ingest/clarity-export",
        "/",
        "*",
    ),
)
METHODS = (*("POST",) * 20, *("GET",) * 5, "HEAD", "PUT", "OPTIONS", "DELETE", "X")
ODD = (
    *(None, True, False, 0, -1, 1e308, -0.0, 2**63, 2**64, -(2**80), "", " ", "\u0000", "\ud800"),
    *("🦙" * 50, "a" * 3000, [], {}, [[[]]], {"": {"": {}}}, "2026-11-25T00:00:00Z", "9" * 40),
    *("0000-00-00", "1e9", "{{ env.HOME }}", "../../etc/passwd", "' or 1=1 --", "NaN", "\r\nX: y"),
)
WORDS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999999",
    b"9" * 400,
    b"\xff",
    b"\x00",
    b"\xed\xa0\x80",
)
HEADERS = (
    *("Content-Type: text/plain", "Content-Encoding: gzip", "Content-Encoding: br", "Expect: x"),
    *(
        "Authorization: Basic ZGVtby13cml0ZS1rZXk6",
        "Authorization: Basic %%%",
        "Authorization: Bearer x",
    ),
    *("Authorization: Basic //8=", "Authorization: Basic", "X-Forwarded-For: 1.2.3.4, ::1, x:y:z"),
    *(
        "Origin: null",
        "Origin: https://[",
        "Origin: http://x:99999999",
        "Cookie: =;;; a",
        "Range: bytes=0-",
    ),
    *(
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: x",
        "Content-Length: 7",
        "Content-Length: +7",
    ),
    *(
        "Upgrade: websocket",
        "Upgrade: h2c",
        "Connection: Upgrade",
        "Connection: close",
        "TE: trailers",
    ),
    *(
        "Host: ",
        "Host: a b",
        "X: \x7f",
        "X: \x01",
        " folded: 1",
        "X" * 500 + ": 1",
        "User-Agent: \xe9",
    ),
)


def an_event(random):
    """A good event, of the kinds that the reference project knows."""
    type_ = random.choice(("track", "identify", "page", "screen", "group", "alias"))
    event = {
        "type": type_,
        "messageId": f"{random.getrandbits(64):x}",
        "userId": f"u{random.randrange(50)}",
        "anonymousId": f"a{random.randrange(50)}",
        "timestamp": "2026-11-25T10:00:00.000Z",
        "context": {
            "ip": "203.0.113.9",
            "userAgent": "Mozilla/5.0",
            "page": {"url": "https://tienda.example.com/p?x=1"},
            "consent": {"categoryPreferences": {"advertising": True, "analytics": False}},
            "cookies": {"_ga": "GA1.1.1.1", "_fbp": "fb.1.1.1"},
        },
    }
    if type_ == "track":
        event["event"] = random.choice(("Order Completed", "Product Viewed", "Heartbeat"))
        event["properties"] = {
            "total": "12.50",
            "currency": "COP",
            "products": [{"product_id": "p1", "price": 1, "quantity": 2}],
        }
    else:
        event["traits"] = {"email": "lucia@example.com", "phone": "+573001234567"}
    return event


def changed(value, random, depth=0):
    """The value with one part of it, somewhere, put in the place of another kind of thing."""
    if depth > 6 or random.random() < 0.25 or not isinstance(value, dict | list) or not value:
        return random.choice(ODD)
    if isinstance(value, list):
        at = random.randrange(len(value))
        return [*value[:at], changed(value[at], random, depth + 1), *value[at + 1 :]]
    key = random.choice(list(value))
    if random.random() < 0.1:
        return {k: v for k, v in value.items() if k != key}
    return {**value, key: changed(value[key], random, depth + 1)}


def bent(data, random):
    """The bytes with a few of them changed, cut out, doubled, or replaced by a hostile word."""
    for _ in range(random.randrange(1, 4)):
        at, size = random.randrange(len(data) + 1), random.randrange(1, 9)
        match random.randrange(4):
            case 0:
                data = data[:at] + random.randbytes(size) + data[at + size :]
            case 1:
                data = data[:at] + data[at + size :]
            case 2:
                data = data[:at] + data[at : at + size * 20] * 3 + data[at:]
            case _:
                data = data[:at] + random.choice(WORDS) + data[at:]
    return data


def a_body(random):
    """A body: a batch or an event, good or not."""
    draw = random.random()
    if draw < 0.02:
        return b"[" * random.randrange(5000) + b"]" * random.randrange(5000)
    events = [an_event(random) for _ in range(random.choice((0, 1, 1, 1, 2, 5)))]
    body = (
        {"batch": events, "writeKey": KEY} if draw < 0.8 else {**an_event(random), "writeKey": KEY}
    )
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        body = changed(body, random)
    data = json.dumps(body).encode()
    return bent(data, random) if random.random() < 0.3 else data


def a_request(random):
    """A request's bytes, and whether they are one by their form, so that one answer has to come."""
    body = a_body(random)
    lines = ["Host: x"]
    if random.random() < 0.2:
        body = gzip.compress(body, 1)
        lines.append("Content-Encoding: gzip")
        if random.random() < 0.3:
            body = bent(body, random)
    good = True
    for _ in range(random.choice((0, 0, 0, 1, 3))):
        lines.append(random.choice(HEADERS))
        good = False
    if random.random() < 0.15:
        lines.append("Transfer-Encoding: chunked")
        body = chunked(body, random)
        if random.random() < 0.3:
            body, good = bent(body, random), False
    else:
        lines.append(f"Content-Length: {len(body)}")
    path = random.choice(PATHS) if random.random() < 0.35 else "/v1/batch"
    if random.random() < 0.1:
        path += random.choice(
            ("?writeKey=x", "/", "%00", "?%ff=%zz&&==", "/" * 50, "?a=" + "b" * 2000)
        )
    data = f"{random.choice(METHODS)} {path} HTTP/1.1\r\n".encode()
    data += "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
    if random.random() < 0.05:
        data, good = bent(data, random), False
    return data, good


def chunked(body, random):
    """The body in chunks."""
    data = b""
    while body:
        size = random.randrange(1, 400)
        piece, body = body[:size], body[size:]
        data += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    return data + b"0\r\n\r\n"


def requests(seed):
    """Requests without end; the same for the same seed."""
    random = Random(seed)
    while True:
        yield a_request(random)
