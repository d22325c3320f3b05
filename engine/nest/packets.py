"""Packets: what a frame of a caller says, and what it is answered, in the form of NestJS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from engine.codec.lenient import read_json
from engine.model.jsonvalue import Body, Json

NO_HANDLER = "There is no matching message handler defined in the remote service."
"""NestJS's own words, which callers compare with."""

INTERNAL: Body = {"status": "error", "message": "Internal server error"}
"""What NestJS says of a fault of the server's own; the log says what it was."""

MOST_DEPTH = 5
MOST_KEYS = 20
LONGEST_PATTERN = 2_048


@dataclass(frozen=True, slots=True)
class Packet:
    """What a caller sent; without ``wants_answer`` it was ``emit``, which is never answered.

    ``pattern`` is in the normal form, None for one that nothing can be served under. ``id`` is a
    text, a number or null, as NestJS takes it, and is sent back as it came.
    """

    pattern: str | None
    data: Json
    id: Json
    wants_answer: bool


def read_packet(text: str) -> Packet | None:
    """The packet in a frame, None for JSON that asks for nothing; ``ValueError`` if it is none."""
    value, _ = read_json(text.encode())
    if not isinstance(value, Mapping) or not ("pattern" in value or "data" in value):
        return None
    if isinstance(value.get("id"), Mapping | list):
        raise ValueError("the id of a packet is a text or a number")  # noqa: TRY004 - of the JSON
    return Packet(
        normal_form(value.get("pattern")), value.get("data"), value.get("id"), "id" in value
    )


def normal_form(pattern: Json) -> str | None:
    """A pattern as patterns are compared: an object as JSON, its keys in order.

    ``emit`` sends an object as the text of that JSON, so a text that holds one is read. None where
    it is none, or is nested or long beyond what NestJS itself takes.
    """
    if isinstance(pattern, str) and len(pattern) <= LONGEST_PATTERN:
        return _of_text(pattern)
    if isinstance(pattern, int | float) and not isinstance(pattern, bool):
        return json.dumps(pattern)
    if isinstance(pattern, Mapping) and _is_small(pattern):
        return _of_object(pattern)
    return None


def _of_text(text: str) -> str | None:
    if text.startswith("{"):
        try:
            value, _ = read_json(text.encode())
        except ValueError:
            return text
        if isinstance(value, Mapping):
            return _of_object(value) if _is_small(value) else None
    return text


def _of_object(pattern: Mapping[str, Json]) -> str | None:
    text = json.dumps(pattern, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text if len(text) <= LONGEST_PATTERN else None


def _is_small(value: Json, depth: int = 0) -> bool:
    if not isinstance(value, Mapping | list):
        return True
    if depth >= MOST_DEPTH or len(value) > MOST_KEYS:
        return False
    within = value.values() if isinstance(value, Mapping) else value
    return all(_is_small(one, depth + 1) for one in within)


def only_cmd(pattern: str) -> str | None:
    """``NAME`` of the pattern ``{cmd: NAME}``, in normal form; None of any other."""
    if not pattern.startswith('{"cmd":"'):
        return None
    try:
        value, _ = read_json(pattern.encode())
    except ValueError:
        return None  # a text that only begins like one
    name = value.get("cmd") if isinstance(value, Mapping) and len(value) == 1 else None
    return name if isinstance(name, str) else None


def response(packet: Packet, value: Json) -> Body:
    """The answer to ``send``, after which there is none."""
    # No key beyond these: NestJS 12 would take the whole packet for the value.
    return {"response": value, "isDisposed": True, "id": packet.id}


def failure(packet: Packet, fault: Body) -> Body:
    """The answer to ``send`` that makes the caller's observable fail with ``fault``."""
    return {"err": fault, "isDisposed": True, "id": packet.id}


def unknown(packet: Packet) -> Body:
    """The answer to ``send`` where nobody serves its pattern."""
    return {"id": packet.id, "status": "error", "err": NO_HANDLER}
