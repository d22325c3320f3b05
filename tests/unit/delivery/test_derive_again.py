"""A back-fill builds what the live reading built, of any stream of events, and makes nothing anew."""

import random

import pytest

from tests.support.deriving import CART, HOUR_S, PURCHASES, a_derivation

pytestmark = [pytest.mark.trio, pytest.mark.slow]

USERS = ("lucia", "marta", "pedro")
BROWSERS = ("b1", "b2", "b3", "b4")
PRODUCTS = ("A", "B", "C")
FIGURES = """
    figures:
      orders: { count: true }
      revenue: { sum: "{{ properties.total }}" }
      lately: { count: true, over: 1h }
      worth: { sum: "{{ properties.total }}", over: 2h }
      first: { first: "{{ properties.order_id }}" }
      last: { last: "{{ properties.order_id }}" }
"""
ORDERS = "".join(
    FIGURES.lstrip("\n") if line.startswith("    figures:") else line
    for line in PURCHASES.splitlines(keepends=True)
)
"""Figures of every verb but the carts' list."""


def who(chance):
    """A user, their browser, or both; the last browser is nobody's."""
    at = chance.randrange(len(BROWSERS))
    browser = {"anonymousId": BROWSERS[at]}
    if at == len(USERS):
        return browser
    user = {"userId": USERS[at]}
    return chance.choice((user, browser, {**user, **browser}))


def a_body(chance):
    product = {"product_id": chance.choice(PRODUCTS), "price": chance.randint(1, 9)}
    kind = chance.choice(("add", "add", "drop", "whole", "order", "page"))
    if chance.random() < 0.3:
        product["cart_id"] = f"c{chance.randint(1, 4)}"
    match kind:
        case "add":
            return {"event": "Product Added", **who(chance), "properties": product}
        case "drop":
            return {"event": "Product Removed", **who(chance), "properties": product}
        case "whole":
            lines = [{"product_id": one, "price": 1} for one in PRODUCTS[: chance.randint(0, 3)]]
            return {"event": "Cart Viewed", **who(chance), "properties": {"products": lines}}
        case "order":
            told = {"order_id": str(chance.randint(1, 12)), "total": chance.randint(1, 90)}
            return {"event": "Order Completed", **who(chance), "properties": told}
        case _:
            return {"event": "Product Viewed", **who(chance), "properties": {}}


async def send_some(it, chance, mock_clock, count):
    for _ in range(count):
        late_ms = chance.choice((0, 0, 0, 30_000, 600_000, 5_400_000))
        bodies = [a_body(chance) for _ in range(chance.randint(1, 4))]
        await it.send(*bodies, at=it.wall() - late_ms)
        if chance.random() < 0.6:
            await it.settle()
        mock_clock.jump(chance.choice((0.5, 20, 300, 2_000, HOUR_S + 5)))
    await it.settle()


async def kept(it):
    """What is kept, by its keys."""
    windows = await it.ingest.state.windows.list("it", limit=1_000)
    return {
        tuple(keys): (one.figures, one.due, one.closed_at, one.cause and one.cause.message_id)
        for keys, one in windows
        if one.figures or one.due or one.closed_at
    }


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", [CART, ORDERS], ids=["carts", "orders"])
async def test_a_back_fill_builds_what_the_live_reading_built(tmp_path, mock_clock, text, seed):
    chance = random.Random(seed)
    async with a_derivation(tmp_path, text) as it:
        # Who is who is known to a back-fill from the start.
        for user, browser in zip(USERS, BROWSERS, strict=False):
            await it.send({"type": "identify", "userId": user, "anonymousId": browser})
        await it.settle()
        await send_some(it, chance, mock_clock, 40)
        live, made = await kept(it), await it.names()

        await it.ask_back_fill()
        await it.send({"type": "identify", "userId": "lucia"})
        await it.settle()

        assert await kept(it) == live
        assert await it.names() == made
        assert live
        assert made
