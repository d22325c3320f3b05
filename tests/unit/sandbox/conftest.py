from copy import deepcopy

import httpx
import pytest
import trio

from engine.sandbox.app import build_app
from engine.sandbox.faults import parse_faults

NOW = 1_790_000_000.0
HASH = "09ff201690a530986441837b4c0d820e7d886b9da7b7eab045144eada12ecfd1"


class SandboxClient:
    """One sandbox with a clock that stands still, chance that always hits, and no waiting."""

    def __init__(self):
        self.now = NOW
        self.random = lambda: 0.0
        self.slept = []
        self.app = build_app(now=lambda: self.now, random=self._draw, sleep=self._sleep)

    def _draw(self):
        return self.random()

    async def _sleep(self, seconds):
        self.slept.append(seconds)

    def ask(self, method, path, **kwargs):
        return trio.run(self._ask, method, path, kwargs)

    async def _ask(self, method, path, kwargs):
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, **kwargs)

    def post(self, path, json=None, **kwargs):
        return self.ask("POST", path, json=json, **kwargs)

    def received(self, **query):
        return self.ask("GET", "/received", params=query).json()["items"]

    def last(self):
        return self.received()[-1]

    def noted(self):
        """The codes of the newest item's diagnostics."""
        return {diagnostic["code"] for diagnostic in self.last()["diagnostics"]}

    def told_to(self, text):
        (fault,) = parse_faults(text)
        body = {"vendor": fault.vendor, "faults": f"{fault.kind}:{fault.probability}"}
        assert self.post("/faults", body).status_code == 200


@pytest.fixture
def sandbox():
    return SandboxClient()


def changed(thing, changes):
    """A copy with the values under dotted paths replaced; ``...`` removes one."""
    copy = deepcopy(thing)
    for path, value in changes.items():
        *parents, last = path.split("/")
        place = copy
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return copy


@pytest.fixture
def change():
    return changed


@pytest.fixture
def meta_event():
    return {
        "event_name": "Purchase",
        "event_time": int(NOW) - 60,
        "event_id": "order-1",
        "action_source": "website",
        "event_source_url": "https://tienda.example/gracias",
        "user_data": {
            "em": HASH,
            "external_id": [HASH],
            "client_ip_address": "190.24.10.7",
            "client_user_agent": "Mozilla/5.0",
            "fbc": "fb.1.1789999999000.IwAR0x_y-z",
        },
        "custom_data": {
            "currency": "COP",
            "value": 1899900,
            "num_items": 1,
            "contents": [{"id": "phone-1", "quantity": 1, "item_price": 1899900}],
            "own_property": {"free": True},
        },
    }


@pytest.fixture
def send(sandbox):
    """Posts events to Meta's stand-in."""

    def send(*events, **fields):
        body = {"data": list(events), **fields}
        headers = {"Authorization": "Bearer token-abc"}
        return sandbox.post("/meta/v25.0/1234567890/events", body, headers=headers)

    return send


@pytest.fixture
def ga4_body():
    return {
        "client_id": "1162820436.1749482504",
        "timestamp_micros": int(NOW * 1_000_000) - 5_000_000,
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"},
        "user_properties": {"tier": {"value": "gold"}},
        "events": [
            {
                "name": "purchase",
                "params": {
                    "event_id": "message-1",
                    "transaction_id": "order-1",
                    "session_id": "1747132561",
                    "engagement_time_msec": 1,
                    "currency": "COP",
                    "value": 1899900,
                    "items": [{"item_id": "phone-1", "price": 1899900, "quantity": 1}],
                },
            }
        ],
    }


@pytest.fixture
def posthog_event():
    return {
        "event": "Order Completed",
        "distinct_id": "user-7",
        "uuid": "7f1f2d54-8e3c-4a4e-9d0a-0f6b5d1c2e3f",
        "timestamp": "2026-09-21T13:00:00Z",
        "properties": {"order_id": "1", "$ip": "190.24.10.7"},
    }
