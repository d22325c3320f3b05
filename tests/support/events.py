"""One realistic event, changed only where a test looks."""

from collections.abc import Mapping
from typing import Any

from engine.model.clock import Millis, from_iso
from engine.model.event import Event, Inbound, Source

NOW = from_iso("2026-11-20T15:00:00Z") or Millis(0)
SHOP = Source("shop")

PRODUCTS = [
    {
        "product_id": "CEL-A56-128",
        "name": "Celular A56 128 GB",
        "brand": "Norte",
        "category": "Celulares",
        "price": 1_299_900,
        "quantity": 1,
    },
    {"sku": "FUN-A56", "name": "Funda A56", "price": "49900", "quantity": "2"},
]

PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "Order Completed": {
        "order_id": "SO-1001",
        "total": 1_414_700,
        "revenue": 1_399_700,
        "shipping": 15_000,
        "currency": "COP",
        "products": PRODUCTS,
    },
    "Product Viewed": {**PRODUCTS[0], "currency": "COP"},
}


def an_event(name: str = "Order Completed", **overrides: Any) -> dict[str, Any]:
    """The body of a track event as a server SDK sends it; ``overrides`` replace whole keys."""
    body: dict[str, Any] = {
        "type": "track",
        "event": name,
        "messageId": "3f2a6c1e-0000-4000-8000-000000000001",
        "timestamp": "2026-11-20T14:59:58.000Z",
        "userId": "lucia",
        "anonymousId": "anon-lucia",
        "context": {
            "ip": "203.0.113.27",
            "userAgent": "Mozilla/5.0 (Linux; Android 15)",
            "traits": {"email": "Lucia.Prueba@example.com", "phone": "300 123 4567"},
            "consent": {"categoryPreferences": {"advertising": True, "analytics": True}},
        },
        "properties": dict(PROPERTIES.get(name, {})),
    }
    return {key: value for key, value in {**body, **overrides}.items() if value is not ...}


def an_inbound(body: Any = None, source: Source = SHOP, **overrides: Any) -> Inbound:
    """One item of a request, received at ``NOW``."""
    return Inbound(source, an_event() if body is None else body, NOW, **overrides)


def a_logged_event(number: int = 1, **overrides: Any) -> Event:
    """A normalised event as the log keeps it."""
    message_id = f"message-{number}"
    body = an_event(messageId=message_id, **overrides)
    return Event("shop", message_id, body["type"], body.get("event", ""), NOW, NOW, body)
