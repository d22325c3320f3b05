"""An order that is told under two keys: counted once, and whose it is."""

import random

import pytest

from tests.support.deriving import CART, GUEST, LUCIA, PURCHASES, a_derivation, added, order

pytestmark = [pytest.mark.trio, pytest.mark.slow]

MARTA = {"userId": "marta"}
TILL = {"anonymousId": "till-1"}


def told(event):
    return event.body["properties"].get("new_customer")


async def figures_by_key(it):
    """What is kept under each key; each window has one."""
    found = await it.ingest.state.windows.list("it", limit=99)
    assert all(keys for keys, _ in found), found
    return {key: window.figures for keys, window in found for key in keys}


async def test_an_order_told_as_a_guests_and_as_a_users_is_one_buyers_and_nobody_elses(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        said = []
        for body in (order(GUEST, "G-1"), order(LUCIA, "G-1"), order(LUCIA, "G-2")):
            said += await it.send(body)
            await it.settle()
        said += await it.send(order(MARTA, "Z-1", total=7777), order(LUCIA, "G-3"))
        await it.settle()

        figures = await figures_by_key(it)
        assert [told(one) for one in said] == [True, True, False, True, False]
        assert await it.names() == [
            "First Purchase",
            "Repeat Purchase",
            "First Purchase",
            "Repeat Purchase",
        ]
        assert (await it.made())[-1].body["properties"] == {"orders": 3, "revenue": 30}
        assert figures["0:user:lucia"] == {"orders": 3, "revenue": 30}
        assert figures["0:browser:browser-1"] == figures["0:user:lucia"]
        assert figures["0:user:marta"] == {"orders": 1, "revenue": 7777}


async def test_orders_told_twice_in_one_request_are_told_as_they_were_the_first_time(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        events = await it.send(
            order(GUEST, "G-1"), order(LUCIA, "G-1"), order(LUCIA, "G-2"), order(GUEST, "G-1")
        )
        await it.settle()

        assert [told(one) for one in events] == [True, True, False, True]
        assert (await figures_by_key(it))["0:user:lucia"]["orders"] == 2


async def test_an_order_told_again_after_others_is_still_the_first(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"), order(LUCIA, "2"))
        await it.settle()
        [again] = await it.send(order(LUCIA, "1"))

        assert told(again) is True


async def test_what_a_guest_bought_is_a_users_once_one_of_the_orders_is(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"), order(GUEST, "2"))
        await it.settle()
        await it.send(order(GUEST, "1"))
        await it.settle()
        [third] = await it.send(order(GUEST, "3"))
        await it.settle()

        assert told(third) is False
        assert (await figures_by_key(it))["0:user:lucia"]["orders"] == 3


async def test_two_users_who_tell_one_order_stay_two(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"))
        await it.send(order(MARTA, "1"))
        await it.settle()
        [second] = await it.send(order(MARTA, "2"))
        await it.settle()

        assert told(second) is True
        assert (await figures_by_key(it))["0:user:lucia"]["orders"] == 1


async def test_two_guests_who_tell_one_order_stay_two(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(GUEST, "1"), order(TILL, "1"), order(TILL, "2"))
        await it.settle()

        assert (await figures_by_key(it))["0:browser:browser-1"]["orders"] == 1


async def test_a_till_whose_orders_are_told_for_two_users_is_nobodys_from_then_on(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        for number, user in enumerate(("lucia", "marta", "nora"), 1):
            await it.send(order(TILL, str(number)))
            await it.send(order({"userId": user}, str(number)))
            await it.settle()
        before = await figures_by_key(it)
        [own] = await it.send(order({"userId": "nora"}, "own"))
        await it.settle()

        assert told(own) is True
        assert before["0:browser:till-1"]["orders"] == 1
        assert (await figures_by_key(it))["0:user:lucia"] == before["0:user:lucia"]


async def test_who_logs_in_at_a_browser_takes_nothing_of_another_user_with_them(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(GUEST, "1"), order(LUCIA, "1"))
        await it.settle()
        await it.send({"type": "identify", **GUEST, **MARTA})
        [own] = await it.send(order({**GUEST, **MARTA}, "2"))
        await it.settle()

        figures = await figures_by_key(it)
        assert told(own) is True
        assert figures["0:user:lucia"]["orders"] == figures["0:user:marta"]["orders"] == 1


async def test_figures_that_are_no_persons_are_never_joined_by_an_order(tmp_path):
    text = PURCHASES.replace("key: person", 'key: "{{ properties.currency }}"')
    async with a_derivation(tmp_path, text) as it:
        await it.send(order(LUCIA, "1", currency="COP"), order(GUEST, "1", currency="USD"))
        await it.send(order(LUCIA, "2", currency="USD"))
        await it.settle()

        figures = await figures_by_key(it)
        assert figures["0:COP"]["orders"] == figures["0:USD"]["orders"] == 1


async def test_orders_whose_id_means_none_are_no_one_order(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(GUEST, "undefined"), order(LUCIA, "undefined"), order(MARTA, "null"))
        await it.settle()

        assert await it.names() == ["First Purchase"] * 3


async def test_a_window_that_is_joined_twice_in_one_step_is_found_under_all_its_keys(tmp_path):
    one, other = {"anonymousId": "one"}, {"anonymousId": "other"}
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(one, cart_id="old"), added(MARTA, cart_id="third"))
        await it.settle()
        # The new window takes in an old one, and is taken in by another old one.
        await it.send(
            added(other, cart_id="new"), added(one, cart_id="new"), added(other, cart_id="third")
        )
        await it.settle()

        figures = await figures_by_key(it)
        assert {"0:old", "0:new", "0:third", "1:browser:one", "1:user:marta"} <= figures.keys()
        assert figures["0:old"] == figures["1:user:marta"]


@pytest.mark.parametrize("seed", range(4))
async def test_however_orders_are_told_each_counts_once_and_no_two_users_are_mixed(tmp_path, seed):
    chance = random.Random(seed)
    people = [{"userId": f"u{one}"} for one in range(4)]
    people += [{"anonymousId": f"b{one}"} for one in range(4)]
    people += [{"userId": f"u{one}", "anonymousId": f"b{one}"} for one in range(2)]
    said = {}
    async with a_derivation(tmp_path, PURCHASES) as it:
        for _ in range(15):
            tellings = [
                order(chance.choice(people), f"o{chance.randrange(20)}")
                for _ in range(chance.randrange(1, 6))
            ]
            for event in await it.send(*tellings):
                said.setdefault(event.body["properties"]["order_id"], set()).add(told(event))
            if chance.random() < 0.6:
                await it.settle()
        await it.settle()
        found = await it.ingest.state.windows.list("it", limit=99)

    users = [[key for key in keys if key.startswith("0:user:")] for keys, _ in found]
    assert all(len(said_of) == 1 for said_of in said.values()), said
    assert sum(window.figures.get("orders", 0) for _, window in found) == len(said)
    assert all(keys for keys, _ in found)
    assert max(map(len, users)) == 1
