"""Events made from events: counted once, due at the right time, made once, whatever happens."""

import json

import pytest
import trio

from engine.delivery.derive import DUE_AT_ONCE
from tests.support.deriving import (
    CART,
    GUEST,
    HOUR_S,
    LUCIA,
    PURCHASES,
    a_derivation,
    added,
    order,
)

pytestmark = [pytest.mark.trio, pytest.mark.slow]


async def test_a_cart_is_abandoned_once_and_at_the_right_time(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        begun = it.wall()
        await it.send(added(GUEST), added(GUEST, "B", 5))
        await it.settle()

        mock_clock.jump(HOUR_S - 1)
        await it.settle()
        assert await it.names() == []

        mock_clock.jump(4)
        await it.settle()
        mock_clock.jump(10 * HOUR_S)
        await it.settle()

        [made] = await it.made()
        assert made.name == "Cart Abandoned"
        assert made.timestamp == begun + 3_600_000
        assert made.body["properties"]["value"] == 15
        assert made.body["anonymousId"] == "browser-1"


async def test_a_cart_that_goes_on_after_it_was_abandoned_is_abandoned_again(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        await it.settle()
        mock_clock.jump(HOUR_S + 3)
        await it.settle()
        await it.send(added(GUEST, "B", 7))
        await it.settle()
        mock_clock.jump(HOUR_S + 3)
        await it.settle()

        assert [one.body["properties"]["value"] for one in await it.made()] == [10, 17]


async def test_an_order_in_time_ends_the_wait(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        mock_clock.jump(HOUR_S - 10)
        await it.send(order(GUEST))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == []


async def test_a_guests_cart_and_the_order_after_the_log_in_are_one(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        await it.settle()
        await it.send({"type": "identify", **GUEST, **LUCIA})
        await it.settle()
        # A payment webhook: it knows neither the browser nor the cart.
        await it.send(order(LUCIA))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == []


async def test_a_guests_order_from_another_device_ends_the_cart_of_the_same_id(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST, cart_id="c1"))
        await it.send(order({"userId": "other"}, cart_id="c1"))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == []


async def test_two_people_at_one_browser_are_not_taken_for_one(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added({**GUEST, "userId": "lucia"}))
        await it.settle()
        await it.send(order({**GUEST, "userId": "marta"}))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        [made] = await it.made()
        assert made.body["userId"] == "lucia"


async def test_a_guests_cart_is_the_one_of_who_logged_in_first(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        await it.settle()
        for user in ("marta", "lucia"):
            mock_clock.jump(10)
            await it.send({"type": "identify", **GUEST, "userId": user})
        await it.send(order(LUCIA))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == ["Cart Abandoned"]


async def test_a_late_event_of_a_cart_that_was_abandoned_does_not_open_it_again(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, CART) as it:
        begun = it.wall()
        mock_clock.jump(60)
        await it.send(added(GUEST))
        await it.settle()
        mock_clock.jump(HOUR_S + 5)
        await it.settle()
        await it.send(added(GUEST, "B"), at=begun)
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == ["Cart Abandoned"]


async def test_many_carts_that_fell_due_meanwhile_come_before_what_came_after(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        for number in range(3):
            await it.send(*[added({"anonymousId": f"b{number}-{one}"}) for one in range(150)])
            mock_clock.jump(1)
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.send(order({"anonymousId": "b2-149"}))
        await it.settle()

        assert len(await it.made()) == 450


async def test_an_event_of_the_cart_that_comes_after_its_order_opens_no_new_cart(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, CART) as it:
        begun = it.wall()
        mock_clock.jump(60)
        await it.send(order(GUEST))
        await it.send(added(GUEST), at=begun)
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == []


async def test_a_late_order_from_before_the_cart_does_not_end_it(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        before = it.wall()
        mock_clock.jump(600)
        await it.send(added(GUEST))
        await it.send(order(GUEST), at=before)
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == ["Cart Abandoned"]


async def test_an_emptied_cart_is_not_abandoned(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST, "A"), {**added(GUEST, "A"), "event": "Product Removed"})
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert await it.names() == []


async def test_a_timer_outlives_a_restart_and_fires_once(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        wall = it.wall
        begun = wall()
        await it.send(added(GUEST))
        await it.settle()
    mock_clock.jump(3 * HOUR_S)
    async with a_derivation(tmp_path, CART, wall) as it:
        await it.settle()
    async with a_derivation(tmp_path, CART, wall) as it:
        await it.settle()

        [made] = await it.made()
        assert made.timestamp == begun + 3_600_000


async def test_what_came_while_nothing_read_counts_before_what_falls_due(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        mock_clock.jump(HOUR_S / 2)
        await it.send(order(GUEST))
        mock_clock.jump(3 * HOUR_S)
        await it.settle()

        assert await it.names() == []


async def test_a_backlog_is_read_as_if_it_had_been_read_in_time(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        begun = it.wall()
        await it.send(added(GUEST))
        mock_clock.jump(2 * HOUR_S)
        await it.send(order(GUEST))
        await it.settle()

        [made] = await it.made()
        assert made.timestamp == begun + 3_600_000


@pytest.mark.parametrize("hours", [3, -3])
async def test_a_clock_that_is_set_moves_no_cart(tmp_path, mock_clock, hours):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        await it.settle()
        mock_clock.jump(HOUR_S / 2)

        it.wall.at += hours * 3_600_000
        await it.send({"event": "Cart Viewed", "anonymousId": "browser-2", "properties": {}})
        await it.settle()
        assert await it.names() == []
        mock_clock.jump(HOUR_S / 2 - 5)
        await it.settle()
        assert await it.names() == []
        mock_clock.jump(10)
        await it.settle()

        assert await it.names() == ["Cart Abandoned"]


async def test_a_clock_set_back_while_nothing_ran_delays_no_cart_for_long(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        wall = it.wall
        await it.send(added(GUEST))
        await it.settle()
    wall.at -= 30 * 24 * 3_600_000
    async with a_derivation(tmp_path, CART, wall) as it:
        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        assert await it.names() == ["Cart Abandoned"]


async def test_an_event_that_was_made_and_not_sent_is_sent_after_the_restart(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        wall = it.wall
        await it.send(added(GUEST))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)

        async def fails(inbounds):
            raise RuntimeError("killed")

        object.__setattr__(it.deriving.around, "accept", fails)
        with pytest.raises(RuntimeError):
            await it.settle()
    async with a_derivation(tmp_path, CART, wall) as it:
        assert await it.names() == ["Cart Abandoned"]
        await it.settle()
    async with a_derivation(tmp_path, CART, wall) as it:
        assert await it.names() == ["Cart Abandoned"]


async def test_an_event_that_was_sent_and_not_noted_is_not_sent_again_even_after_the_window(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, CART) as it:
        wall = it.wall
        await it.send(added(GUEST))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        accept = it.deriving.around.accept

        async def dies_after(inbounds):
            await accept(inbounds)
            raise RuntimeError("killed")

        object.__setattr__(it.deriving.around, "accept", dies_after)
        with pytest.raises(RuntimeError):
            await it.settle()
    mock_clock.jump(10 * 24 * HOUR_S)
    async with a_derivation(tmp_path, CART, wall) as it:
        await it.settle()

        assert await it.names() == ["Cart Abandoned"]


async def test_an_event_read_again_after_a_crash_counts_once(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        wall = it.wall
        await it.send(order(LUCIA, "1"))

        async def fails(group, positions):
            raise RuntimeError("killed")

        acknowledge = it.ingest.log.acknowledge
        it.ingest.log.acknowledge = fails
        with pytest.raises(RuntimeError):
            await it.deriving.step()
        it.ingest.log.acknowledge = acknowledge
    async with a_derivation(tmp_path, PURCHASES, wall) as it:
        await it.send(order(LUCIA, "2"))
        await it.settle()

        assert await it.names() == ["First Purchase", "Repeat Purchase"]


async def test_what_was_read_before_a_crash_is_known_by_its_position(tmp_path, mock_clock):
    text = CART.replace("figures:", "figures:\n      adds: { count: true }").replace(
        "properties: { products", "properties: { adds: '{{ figures.adds }}', products"
    )
    async with a_derivation(tmp_path, text) as it:
        wall = it.wall
        await it.send(added(GUEST), added(GUEST, "B"))

        async def fails(group, positions):
            raise RuntimeError("killed")

        it.ingest.log.acknowledge = fails
        with pytest.raises(RuntimeError):
            await it.deriving.step()
    async with a_derivation(tmp_path, text, wall) as it:
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        [made] = await it.made()
        assert made.body["properties"]["adds"] == 2


async def test_the_first_order_is_first_and_the_others_repeat_it(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"), order(LUCIA, "2"), order({"userId": "marta"}, "3"))
        await it.settle()

        assert await it.names() == ["First Purchase", "Repeat Purchase", "First Purchase"]
        assert (await it.made())[1].body["properties"] == {"orders": 2, "revenue": 20}


async def test_an_order_that_two_services_tell_is_one(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"))
        await it.settle()
        await it.send(order(LUCIA, "1"))
        await it.settle()

        assert await it.names() == ["First Purchase"]


async def test_a_guest_who_bought_and_logs_in_has_bought_before(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(GUEST, "1"))
        await it.settle()
        await it.send({"type": "identify", **GUEST, **LUCIA})
        await it.send(order(LUCIA, "2"))
        await it.settle()

        assert await it.names() == ["First Purchase", "Repeat Purchase"]


async def test_two_users_that_an_alias_joins_have_bought_together(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order({"userId": "old"}, "1"), order(LUCIA, "2"))
        await it.settle()
        await it.send({"type": "alias", "userId": "lucia", "previousId": "old"})
        await it.settle()
        [third] = await it.send(order({"userId": "old"}, "3"))
        await it.settle()

        assert third.body["properties"]["new_customer"] is False
        assert (await it.made())[-1].body["properties"] == {"orders": 3, "revenue": 30}


async def test_an_order_says_itself_whether_it_is_the_first(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        [first] = await it.send(order(LUCIA, "1"))
        [second] = await it.send(order(LUCIA, "2"))
        await it.settle()
        [third] = await it.send(order(LUCIA, "3"))

        said = [one.body["properties"]["new_customer"] for one in (first, second, third)]
        assert said == [True, False, False]
        assert first.body["context"]["filled"] == ["properties.new_customer"]


async def test_orders_of_one_request_see_each_other(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        events = await it.send(order(LUCIA, "1"), order(LUCIA, "2"), order({"userId": "m"}, "3"))

        said = [one.body["properties"]["new_customer"] for one in events]
        assert said == [True, False, True]


async def test_orders_of_two_requests_at_once_see_each_other(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        said = []

        async def send(number):
            [event] = await it.send(order(LUCIA, number))
            said.append(event.body["properties"]["new_customer"])

        async with trio.open_nursery() as nursery:
            for number in "123456":
                nursery.start_soon(send, number)

        assert sorted(said) == [False] * 5 + [True]
        await it.settle()
        assert not it.ingest.fills.ahead["it"]


async def test_what_the_shop_says_itself_is_not_overwritten(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        [event] = await it.send(order(LUCIA, "1", new_customer=False))

        assert event.body["properties"]["new_customer"] is False
        assert "filled" not in event.body["context"] if "context" in event.body else True


async def test_a_back_fill_rebuilds_figures_and_makes_nothing_of_what_is_over(tmp_path, mock_clock):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"), order(LUCIA, "2"))
        await it.settle()
        before = await it.names()
        await it.ingest.state.windows.begin_anew("it")
        await it.ask_back_fill()
        await it.send({"type": "identify", **LUCIA})
        await it.settle()
        assert await it.names() == before

        await it.send(order(LUCIA, "3"))
        await it.settle()
        assert (await it.made())[-1].body["properties"]["orders"] == 3


async def test_a_back_fill_of_what_was_never_read_makes_nothing_of_it(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"))
        await it.ingest.log.pass_over([it.deriving.derived.group])
        await it.ask_back_fill()
        await it.send(order(LUCIA, "2"))
        await it.settle()

        assert await it.names() == ["Repeat Purchase"]


async def test_a_back_fill_lets_fall_due_only_what_was_not_due_before_it(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.ingest.log.pass_over([it.deriving.derived.group])
        await it.send(added(GUEST))
        mock_clock.jump(2 * HOUR_S)
        await it.send(added({"anonymousId": "browser-2"}))
        await it.ingest.log.pass_over([it.deriving.derived.group])
        await it.ask_back_fill()
        await it.send({"type": "identify", **LUCIA})
        await it.settle()
        assert await it.names() == []

        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        assert [one.body["anonymousId"] for one in await it.made()] == ["browser-2"]


async def test_a_back_fill_after_the_window_makes_no_event_twice(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        await it.settle()
        mock_clock.jump(HOUR_S + 5)
        await it.settle()
        mock_clock.jump(40 * 24 * HOUR_S)
        await it.ask_back_fill()
        await it.send({"type": "identify", **LUCIA})
        await it.settle()

        assert await it.names() == ["Cart Abandoned"]


async def test_a_faulty_expression_costs_its_figure_alone_and_is_told(tmp_path):
    text = PURCHASES.replace("properties.total", "properties.total * 2")
    async with a_derivation(tmp_path, text) as it:
        await it.send(order(LUCIA, "1", total="much"))
        await it.send(order(LUCIA, "2", total=5))
        await it.settle()

        assert (await it.made())[1].body["properties"] == {"orders": 2, "revenue": 10}
        said = [json.loads(line) for line in it.said.getvalue().splitlines()]
        assert any(one["event"] == "derived faults" for one in said)


async def test_what_a_person_consented_to_then_is_assumed_and_not_stated_anew(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        consent = {"categoryPreferences": {"advertising": True}}
        await it.send({**added(GUEST), "context": {"consent": consent}})
        await it.settle()
        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        [made] = await it.made()
        told = made.body["context"]["consent"]
        assert told == {"basis": "cause", "assumed": {"advertising": True}}
        assert made.body["context"]["derived"]["by"] == "it"


async def test_carts_that_wait_take_no_memory(tmp_path, mock_clock):
    async with a_derivation(tmp_path, CART) as it:
        for start in range(0, 2000, 500):
            people = range(start, start + 500)
            await it.send(*[added({"anonymousId": f"b{number}"}) for number in people])
        await it.settle()
        windows = it.ingest.state.windows
        standing, written, changes = await windows.standing("it"), windows.write, []

        async def write(name, change):
            changes.append(len(change.windows))
            return await written(name, change)

        windows.write = write
        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        assert (standing.windows, standing.waiting) == (2000, 2000)
        assert len(await it.made()) == 2000
        assert not it.ingest.fills.ahead
        # All that fall due at once are taken in steps: so much is held, and so often written.
        assert max(changes) == DUE_AT_ONCE
        assert len(changes) == 2000 / DUE_AT_ONCE


async def test_an_event_that_was_made_is_taken_by_its_name_alone(tmp_path, mock_clock):
    text = CART.replace("[Product Added, Product Removed, Cart Viewed]", '"*"')
    async with a_derivation(tmp_path, text) as it:
        await it.send(added(GUEST))
        await it.settle()
        for _ in range(3):
            mock_clock.jump(HOUR_S + 5)
            await it.settle()

        assert await it.names() == ["Cart Abandoned"]
