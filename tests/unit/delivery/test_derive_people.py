"""Whose figures are whose: aliases, log-ins, and browsers that a person comes back to."""

import pytest

from tests.support.deriving import GUEST, HOUR_S, LUCIA, PURCHASES, a_derivation, added, order

pytestmark = [pytest.mark.trio, pytest.mark.slow]


async def test_an_alias_joins_what_two_users_bought_for_whoever_buys_next(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order({"userId": "old"}, "1"), order(LUCIA, "2"))
        await it.settle()
        await it.send({"type": "alias", "userId": "lucia", "previousId": "old"})
        # Before the alias was counted, and after it.
        [third] = await it.send(order(LUCIA, "3"))
        await it.settle()
        [fourth] = await it.send(order(LUCIA, "4"))
        await it.settle()

        assert third.body["properties"]["new_customer"] is False
        assert fourth.body["properties"]["new_customer"] is False
        assert (await it.made())[-1].body["properties"] == {"orders": 4, "revenue": 40}


async def test_who_bought_under_a_former_name_has_bought_before(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order({"userId": "old"}, "1"))
        await it.settle()
        await it.send({"type": "alias", "userId": "lucia", "previousId": "old"})
        [second] = await it.send(order(LUCIA, "2"))
        await it.settle()

        assert second.body["properties"]["new_customer"] is False
        assert await it.names() == ["First Purchase", "Repeat Purchase"]


async def test_what_a_guest_bought_is_theirs_from_their_log_in_on_whatever_browser_comes_next(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send({"type": "identify", **LUCIA, "anonymousId": "laptop"})
        await it.send(order({"anonymousId": "phone"}, "1"))
        await it.settle()
        for browser in ("phone", "tablet"):
            mock_clock.jump(10)
            await it.send({"event": "Product Viewed", **LUCIA, "anonymousId": browser})
        await it.settle()
        [second] = await it.send(order(LUCIA, "2"))
        await it.settle()

        assert second.body["properties"]["new_customer"] is False
        assert await it.names() == ["First Purchase", "Repeat Purchase"]


async def test_a_page_of_somebody_who_bought_is_read_and_nothing_is_written(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order({**GUEST, **LUCIA}, "1"))
        await it.settle()
        written = it.ingest.state.windows.write
        calls = []

        async def write(name, change):
            calls.append(change)
            return await written(name, change)

        it.ingest.state.windows.write = write
        for _ in range(3):
            await it.send({"event": "Product Viewed", **GUEST, **LUCIA})
            await it.settle()

        assert calls == []


VIEWED = """
    derived: it
    from: { event: Product Viewed }
    without: { event: Product Added }
    within: 1h
    key: "{{ person ~ ' ' ~ properties.product_id }}"
    figures: { product: { last: "{{ properties.product_id }}" } }
    emit:
      - event: { event: Looked Only, properties: { product_id: "{{ figures.product }}" } }
    """


async def test_a_person_and_a_product_are_a_key_also_after_the_log_in(tmp_path, mock_clock):
    async with a_derivation(tmp_path, VIEWED) as it:
        for product in "AB":
            await it.send({**added(GUEST, product), "event": "Product Viewed"})
        await it.send({**added({"userId": "marta"}, "A"), "event": "Product Viewed"})
        await it.settle()
        await it.send({"type": "identify", **GUEST, **LUCIA})
        await it.send(added(LUCIA, "A"))
        await it.settle()
        mock_clock.jump(HOUR_S + 5)
        await it.settle()

        told = {
            (one.body.get("userId"), one.body["properties"]["product_id"])
            for one in await it.made()
        }
        assert told == {("marta", "A"), (None, "B")}
