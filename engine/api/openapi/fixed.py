"""The operations that every project has: the tracking API, browsers' own, changes, health."""

from collections.abc import Callable, Iterator, Mapping

from engine.api.image import PATHS as IMAGES
from engine.api.mailbox import HANDED
from engine.api.mailbox import PATH as MAILBOX
from engine.api.openapi.parts import (
    ADMIN_TOKEN,
    WRITE_KEY,
    Operation,
    in_path,
    in_query,
    json_answer,
    json_body,
    refusals,
)
from engine.api.openapi.schemas import referred
from engine.api.segment import BATCH, IMPORT, SINGLE
from engine.control.verbs import VERBS
from engine.delivery.mailbox import SESSION_KEY
from engine.model.jsonvalue import Body, Json
from engine.release.release import Release

TRACKING, BROWSERS, MAILBOXES = "Tracking", "Browsers", "Mailboxes"
CHANGES, HEALTH = "Changes", "Health"

TAKEN: Mapping[int, Body] = {
    200: json_answer("Taken: the events that were accepted are on disk.", referred("Verdicts")),
    **refusals(400, 401, 403, 429, 503),
}
EVENT: Body = {
    "description": "An event as the SDKs of Segment and RudderStack send it. One that is not as it "
    "must be is told of in the answer and refuses no other.",
    "type": "object",
    "properties": {
        "messageId": {"type": "string", "description": "The same on every repeat."},
        "userId": {"type": "string"},
        "anonymousId": {"type": "string"},
        "event": {"type": "string", "description": "The name, of a track event."},
        "timestamp": {"type": "string", "format": "date-time"},
        "properties": {"type": "object"},
        "traits": {"type": "object"},
        "context": {"type": "object"},
        "integrations": {"type": "object"},
    },
}
EXAMPLE: Json = {
    "event": "Product Viewed",
    "messageId": "0f5c2f1e-7d0c-4c53-9c6d-3a0f5b1f2f77",
    "userId": "cli-10023",
    "timestamp": "2026-11-20T13:20:11.482Z",
    "properties": {"product_id": "TE-S26U-256-NG", "price": 5041900, "currency": "COP"},
}


def fixed_operations(release: Release) -> Iterator[Operation]:
    """All of them, in the order in which people look for them."""
    yield from _tracking()
    yield from _browsers()
    yield from _mailboxes(release)
    yield from _health()
    yield from _changes()


def _tracking() -> Iterator[Operation]:
    for type_, names in SINGLE.items():
        yield Operation(
            "post",
            f"/v1/{names[0]}",
            TRACKING,
            type_,
            f"Take one {type_} event.",
            TAKEN,
            f"Also at /v1/{names[1]}.",
            body=json_body(referred("Event"), [EXAMPLE] if type_ == "track" else ()),
            security=WRITE_KEY,
        )
    batch = json_body(referred("Batch"), [{"batch": [{"type": "track", **_object(EXAMPLE)}]}])
    also = f"Also at /v1/{BATCH[1]}."
    yield _batch(f"/v1/{BATCH[0]}", "batch", "Take several events.", also, batch)
    yield _batch(f"/v1/{IMPORT}", "import", "Take several events of the past.", "", batch)


def _batch(path: str, id_: str, summary: str, also: str, body: Body) -> Operation:
    return Operation("post", path, TRACKING, id_, summary, TAKEN, also, (), body, WRITE_KEY)


def _browsers() -> Iterator[Operation]:
    batch = json_body(referred("Batch"))
    yield _batch("/beacon/v1/batch", "beacon", "Take what a page sends as it closes.", "", batch)
    found = json_answer("The document.", {"type": "object"})
    key = in_path("key", "the write key", {"type": "string", "minLength": 1, "maxLength": 200})
    yield Operation(
        "get",
        "/v1/projects/{key}/settings",
        BROWSERS,
        "settings",
        "Tell Segment's SDK where its events go.",
        {200: found, **refusals(400, 403, 404)},
        parameters=(key,),
    )
    yield Operation(
        "get",
        "/sourceConfig",
        BROWSERS,
        "source_config",
        "Tell RudderStack's SDK how to begin.",
        {200: found, **refusals(401, 403)},
        security=WRITE_KEY,
    )
    image: Body = {
        "description": "One transparent point.",
        "content": {"image/gif": {"schema": {}}},
    }
    for number, path in enumerate(IMAGES, 1):
        yield Operation(
            "get",
            path,
            BROWSERS,
            f"image_{number}",
            "Take an event from an image's address.",
            {200: image},
            "The answer is the same image whatever comes of it; what was refused stands in the "
            "log. The event is data, base64 of JSON, or its fields by names with dots.",
            (
                in_path("type", f"one of {', '.join(SINGLE)}", {"type": "string", "minLength": 1}),
                in_query("data", "the event as base64 of JSON", {"type": "string"}),
                in_query("writeKey", "the write key", {"type": "string"}),
            ),
        )


def _mailboxes(release: Release) -> Iterator[Operation]:
    names = [one.name for one in release.destinations if one.mailbox is not None]
    if not names:
        return
    which = (
        in_path("destination", "whose mailbox", {"enum": list(names)}),
        in_query(
            "session",
            "the secret key of a browser session: a UUID, or 16 random characters and more",
            {"type": "string", "pattern": f"^{SESSION_KEY.pattern}$"},
            required=True,
        ),
    )
    item: Body = {
        "type": "object",
        "required": ["id", "payload"],
        "properties": {"id": {"type": "string"}, "payload": {"type": "object"}},
    }
    waiting: Body = {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": item}},
    }
    taken: Body = {"required": ["taken"], "properties": {"taken": {"type": "integer"}}}
    yield Operation(
        "get",
        MAILBOX,
        MAILBOXES,
        "fetch",
        "Fetch what waits for a browser session.",
        {200: json_answer("What waits.", waiting), **refusals(400, 403, 404, 503, asks=True)},
        parameters=which,
    )
    ids: Body = {"type": "array", "items": {"type": "string"}, "maxItems": HANDED}
    yield Operation(
        "post",
        f"{MAILBOX}/ack",
        MAILBOXES,
        "acknowledge",
        "Say what of it was taken.",
        {
            200: json_answer("Taken.", {"allOf": [referred("Success"), taken]}),
            **refusals(400, 403, 404, 503),
        },
        parameters=which,
        body=json_body({"type": "object", "required": ["ids"], "properties": {"ids": ids}}),
    )


def _health() -> Iterator[Operation]:
    state: Body = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string"}},
    }
    metrics = {"text/plain": {"schema": {"type": "string"}}}
    answers: Mapping[str, tuple[str, Mapping[int, Body]]] = {
        "healthz": ("Whether the process lives.", {200: json_answer("It does.", state)}),
        "readyz": (
            "Whether it takes events, and how each destination stands.",
            {200: json_answer("Ready.", state), 503: json_answer("Stopping.", state)},
        ),
        "metrics": (
            "Counters, as Prometheus reads them.",
            {200: {"description": "The counters.", "content": metrics}},
        ),
        "openapi.json": (
            "This document.",
            {200: json_answer("OpenAPI 3.1.", {"type": "object", "required": ["openapi"]})},
        ),
    }
    for name, (summary, told) in answers.items():
        yield Operation("get", f"/{name}", HEALTH, name.partition(".")[0], summary, told)


def _changes() -> Iterator[Operation]:
    for name, verb in VERBS.items():
        yield Operation(
            "post",
            f"/admin/{name}",
            CHANGES,
            name.replace("/", "_"),
            _first_line(verb),
            {200: json_answer("Done.", referred("Success")), **refusals(400, 401, 404, 429, 503)},
            "404 where there is no admin token at all.",
            body=json_body({"type": "object"}),
            security=ADMIN_TOKEN,
        )


def _first_line(verb: Callable[..., object]) -> str:
    return (verb.__doc__ or "").strip().partition("\n")[0].replace("``", "")


def _object(value: Json) -> Body:
    assert isinstance(value, Mapping)
    return value
