"""What windows hold after the clock that told it was set back."""

import pytest

from tests.support.deriving import CART, GUEST, HOUR_S, a_derivation, added, order

pytestmark = [pytest.mark.trio, pytest.mark.slow]


@pytest.mark.parametrize("hours", [3, 24 * 400])
async def test_an_order_ends_a_cart_that_was_told_by_a_clock_that_was_ahead(
    tmp_path, mock_clock, hours
):
    async with a_derivation(tmp_path, CART) as it:
        it.wall.at += hours * 3_600_000
        await it.send(added(GUEST), added({"anonymousId": "browser-2"}))
        await it.settle()
        it.wall.at -= hours * 3_600_000
        mock_clock.jump(60)
        await it.send(order(GUEST))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        assert [one.body["anonymousId"] for one in await it.made()] == ["browser-2"]


async def test_who_bought_while_the_clock_was_ahead_has_a_cart_again_once_it_is_right(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, CART) as it:
        it.wall.at += 24 * 3_600_000
        await it.send(added(GUEST), order(GUEST))
        await it.settle()
        it.wall.at -= 24 * 3_600_000
        mock_clock.jump(600)
        await it.send(added(GUEST, "B", 7))
        await it.settle()
        mock_clock.jump(2 * HOUR_S)
        await it.settle()

        [made] = await it.made()
        assert made.body["properties"]["value"] == 7


@pytest.mark.parametrize("hours", [48, -3])
async def test_what_is_read_after_the_clock_was_set_counts_as_if_it_had_been_read_before(
    tmp_path, mock_clock, hours
):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST), added({"anonymousId": "browser-2"}))
        await it.settle()
        # None of this is read before the clock is set.
        await it.send(added({"anonymousId": "browser-3"}), order({"anonymousId": "browser-2"}))
        it.wall.at += hours * 3_600_000
        set_at = it.wall()
        mock_clock.jump(60)
        await it.send({"event": "Cart Viewed", **GUEST, "properties": {}})
        await it.settle()
        assert await it.names() == []
        mock_clock.jump(HOUR_S - 65)
        await it.settle()
        assert await it.names() == []
        mock_clock.jump(70)
        await it.settle()

        made = {one.body["anonymousId"]: one.timestamp - set_at for one in await it.made()}
        assert made.keys() == {"browser-1", "browser-3"}
        assert made["browser-1"] == 3_660_000
        assert 3_600_000 <= made["browser-3"] <= 3_660_000


async def test_a_page_from_before_the_clock_was_set_back_lets_nothing_fall_due(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, CART) as it:
        it.wall.at += 48 * 3_600_000
        await it.send(added(GUEST))
        await it.settle()
        await it.send({"event": "Cart Viewed", "anonymousId": "browser-2", "properties": {}})
        it.wall.at -= 51 * 3_600_000
        mock_clock.jump(1)
        await it.send({"type": "identify", **GUEST, "userId": "lucia"})
        await it.settle()

        assert await it.names() == []


@pytest.mark.parametrize("hours", [2, 24 * 3, -3])
async def test_a_clock_that_was_set_while_nothing_ran_is_known_until_the_machine_starts_anew(
    tmp_path, mock_clock, hours
):
    async with a_derivation(tmp_path, CART) as it:
        await it.send(added(GUEST))
        await it.settle()
        wall = it.wall
        # Read by nobody before the clock is set.
        await it.send(added({"anonymousId": "browser-2"}))
    wall.at += hours * HOUR_S * 1000
    mock_clock.jump(60)
    set_at = wall()
    async with a_derivation(tmp_path, CART, wall) as it:
        await it.settle()
        mock_clock.jump(HOUR_S - 70)
        await it.settle()
        assert await it.names() == []
        mock_clock.jump(80)
        await it.settle()
        made = {one.body["anonymousId"]: one.timestamp - set_at for one in await it.made()}
        assert made.keys() == {"browser-1", "browser-2"}
        assert abs(made["browser-1"] - (HOUR_S - 60) * 1000) < 3_000
        assert "clock changed" in it.said.getvalue()
        await it.send(added({"anonymousId": "browser-3"}))
        await it.settle()
    wall.at += 2 * HOUR_S * 1000
    wall.boot = "another"
    async with a_derivation(tmp_path, CART, wall) as it:
        await it.settle()
        mock_clock.jump(5)
        await it.settle()
        assert "browser-3" in {one.body["anonymousId"] for one in await it.made()}
