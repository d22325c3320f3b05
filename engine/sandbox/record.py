"""What the sandbox got, kept in memory for ``GET /received``.

The newest 50,000 requests are kept, and at most 256 MiB of bodies: the oldest go first, also
when no one has read them. A restart forgets all.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

from engine.sandbox.bodies import visible
from engine.sandbox.call import Call, Json, Reply

MAX_ITEMS = 50_000
MAX_BODIES_BYTES = 256 * 1024 * 1024
MAX_PAGE = 1_000

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """One request: its number, who it was for, its body as JSON text, and the rest as shown."""

    n: int
    vendor: str
    body: bytes
    shown: dict[str, object]


class Record:
    """Every request in the order of arrival, numbered over all vendors, refused ones too."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._size_bytes = 0
        self._last_n = 0

    def keep(self, call: Call, reply: Reply, fault: str | None) -> None:
        """The request is the newest item; the oldest make room for it."""
        self._last_n += 1
        item = Item(self._last_n, call.vendor, visible(call), _shown(call, reply, fault))
        self._items.append(item)
        self._size_bytes += len(item.body)
        while len(self._items) > MAX_ITEMS or self._size_bytes > MAX_BODIES_BYTES:
            self._size_bytes -= len(self._items.popleft().body)

    def forget(self) -> None:
        """No item is left; numbers go on, so that a reader's ``after`` stays true."""
        self._items.clear()
        self._size_bytes = 0

    def page(self, vendor: str | None, after: int, message_id: str | None, limit: int) -> bytes:
        """The JSON of the first ``limit`` items past ``after`` that the filters leave."""
        found = (item for item in self._past(after) if vendor in (None, item.vendor))
        if message_id:
            forms = (message_id, uuid_form(message_id))
            found = (item for item in found if _mentions(orjson.loads(item.body), *forms))
        items = [
            {"n": item.n, **item.shown, "body": orjson.Fragment(item.body)}
            for item in islice(found, min(limit, MAX_PAGE))
        ]
        return orjson.dumps({"items": items})

    def _past(self, after: int) -> Iterator[Item]:
        first_n = self._last_n - len(self._items) + 1
        return islice(self._items, max(after - first_n + 1, 0), None)


def uuid_form(message_id: str) -> str:
    """The id as a UUID: itself in lower case if it is one, else made from it (version 5)."""
    if _UUID.fullmatch(message_id):
        return str(UUID(message_id))
    return str(uuid5(uuid5(NAMESPACE_OID, "encamina"), message_id))


def _shown(call: Call, reply: Reply, fault: str | None) -> dict[str, object]:
    return {
        "vendor": call.vendor,
        "at": datetime.fromtimestamp(call.at, UTC).isoformat(timespec="milliseconds"),
        "method": call.method,
        "path": call.path,
        "query": dict(call.query),
        "status": reply.status,
        "accepted": list(reply.accepted),
        "diagnostics": list(reply.diagnostics),
        "fault": fault,
    }


def _mentions(body: Json, message_id: str, as_uuid: str) -> bool:
    """Whether some text in the body begins with the id or equals its UUID form."""
    waiting = [body]
    while waiting:
        match waiting.pop():
            case str() as text if text.startswith(message_id) or text == as_uuid:
                return True
            case list() as elements:
                waiting.extend(elements)
            case dict() as members:
                waiting.extend(members.values())
    return False
