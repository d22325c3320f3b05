"""What no shop should send, and figures of a file that was another one before: nothing stops."""

import json

import pytest

from engine.model.clock import Millis
from engine.model.window import Change, Window
from tests.support.deriving import CART, GUEST, HOUR_S, LUCIA, PURCHASES, a_derivation, added, order

pytestmark = [pytest.mark.trio, pytest.mark.slow]

PLAN = {
    "schemas/events/order-completed.yaml": """
        title: Order Completed
        type: object
        properties: { type: { const: track }, event: { const: Order Completed } }
        """
}
ODD = (10**400, -(10**400), 1e308, "much", "", [], {}, True, None, "1" * 10_000)


async def test_a_sum_goes_on_after_numbers_that_are_none(tmp_path):
    async with a_derivation(tmp_path, PURCHASES, extra=PLAN) as it:
        for number, total in enumerate(ODD):
            await it.send(order(LUCIA, str(number), total=total))
            await it.settle()
        await it.send(order(LUCIA, "good", total=7))
        await it.settle()

        assert (await it.made())[-1].body["properties"] == {"orders": len(ODD) + 1, "revenue": 7}


@pytest.mark.parametrize("order_id", [10**400, "x" * 20_000, [], {"a": 1}, True, 1.5, "\0", "ñ🛒"])
async def test_an_order_of_any_id_counts(tmp_path, order_id):
    async with a_derivation(tmp_path, PURCHASES, extra=PLAN) as it:
        await it.send(order(LUCIA, order_id))
        await it.send(order(LUCIA, "good"))
        await it.settle()

        assert await it.names() == ["First Purchase", "Repeat Purchase"]


async def test_a_cart_of_thousands_of_lines_keeps_the_newest_and_is_told(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        lines = [{"product_id": str(one), "price": 1} for one in range(1_000)]
        await it.send({"event": "Cart Viewed", **GUEST, "properties": {"products": lines}})
        for start in range(0, 2_000, 200):
            await it.send(*[added(GUEST, f"p{one}") for one in range(start, start + 200)])
        await it.settle()
        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        [made] = await it.made()
        products = made.body["properties"]["products"]
        assert [one["product_id"] for one in products] == [f"p{one}" for one in range(1_900, 2_000)]


async def test_a_cart_of_long_lines_stays_small_enough_for_an_event(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        for number in range(100):
            await it.send(added(GUEST, f"{number:03}" + "x" * 900))
        await it.settle()
        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        [made] = await it.made()
        products = made.body["properties"]["products"]
        assert 10 < len(products) < 100
        assert products[-1]["product_id"].startswith("099")


@pytest.mark.parametrize(
    "kept",
    [
        {"orders": [1, "x"], "revenue": {"set": 0, "lines": []}},
        {"orders": {"1795186800000": 1}, "revenue": "many"},
        {"orders": None, "revenue": [1, 2, 3]},
    ],
)
async def test_a_figure_that_was_of_another_verb_begins_anew(tmp_path, kept):
    async with a_derivation(tmp_path, PURCHASES) as it:
        change = Change(None, [Window(-1, kept)], keys={"0:user:lucia": -1})
        await it.ingest.state.windows.write("it", change)
        await it.send(order(LUCIA, "1"), order(LUCIA, "2"))
        await it.settle()

        assert await it.names() == ["First Purchase", "Repeat Purchase"]


async def test_a_window_that_is_broken_holds_up_no_other_and_raises_an_alarm(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        [cause] = await it.send(added(LUCIA))
        broken = {"products": {"set": 0, "lines": [[1]]}}
        due = Millis(it.wall() + 1_000)
        windows = [Window(-1, broken, cause, due), Window(-2, broken)]
        keys = {"1:user:broken": -1, "1:user:marta": -2}
        await it.ingest.state.windows.write("it", Change(None, windows, keys=keys))
        await it.send(added({"userId": "marta"}), added(GUEST))
        await it.settle()
        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        people = {one.body.get("userId", "guest") for one in await it.made()}
        said = [json.loads(line)["event"] for line in it.said.getvalue().splitlines()]
        assert people == {"lucia", "guest"}
        assert "fault" in said
