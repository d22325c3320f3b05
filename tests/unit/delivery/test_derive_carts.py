"""The reference file of abandoned carts: its lines, whose cart it is, and what ends it."""

import pytest

from engine.model.clock import Millis
from engine.model.person import BROWSER, PersonKey, newest_user
from tests.support.deriving import GUEST, HOUR_S, LUCIA, a_derivation, added, order
from tests.support.processes import ROOT

pytestmark = [pytest.mark.trio, pytest.mark.slow]

TEXT = (ROOT / "rules/derived/cart-abandoned.yaml").read_text()
BOTH = {**GUEST, **LUCIA}


def step(event, who=GUEST, **properties):
    return {"event": event, **who, "properties": properties}


async def left(it, mock_clock):
    """What is made once the time is over."""
    await it.settle()
    mock_clock.jump(HOUR_S + 5)
    await it.settle()
    return [one.body for one in await it.made()]


@pytest.mark.parametrize(
    ("steps", "quantity", "value"),
    [
        ([added(GUEST, quantity=2), step("Payment Info Entered", payment_method="Addi")], 2, 20),
        ([added(GUEST, quantity=2), step("Checkout Started")], 2, 20),
        ([added(GUEST), added(GUEST)], 2, 20),
        ([added(GUEST, quantity=2), added(GUEST, quantity="3")], 5, 50),
        (
            [added(GUEST, quantity=2), step("Product Removed", product_id="A", quantity=1)],
            1,
            10,
        ),
        ([added(GUEST, quantity=2), step("Checkout Started", product_id="A", quantity=2)], 2, 20),
        ([added(GUEST, quantity=2), step("Checkout Started", product_id="A")], 2, 20),
        (
            [
                step("Cart Viewed", products=[{"product_id": "A", "price": "10", "quantity": "2"}]),
                added(GUEST),
            ],
            3,
            30,
        ),
        (
            [
                step("Cart Viewed", products=[{"product_id": 7, "price": 10, "quantity": 3}]),
                step("Product Removed", product_id="7", quantity=1),
            ],
            2,
            20,
        ),
        ([step("Checkout Started", product_id="A", price=10, quantity=4)], 4, 40),
        # A list of ids alone says nothing of how many there are and of what they cost.
        (
            [added(GUEST, quantity=2), step("Checkout Started", products=[{"product_id": "A"}])],
            2,
            20,
        ),
        # One that is put in is a line and not the whole cart, whatever else the event brings.
        ([added(GUEST), added(GUEST, products=[{"product_id": "A"}])], 2, 20),
        # What a checkout says that it is worth, as long as nothing is put in or taken out after.
        ([added(GUEST, quantity=2), step("Checkout Started", value=17)], 2, 17),
        ([added(GUEST), step("Checkout Started", value=17), added(GUEST)], 2, 20),
        ([step("Product Added", product_id="A", value=30, quantity=3)], 3, 30),
        ([step("Wishlist Product Added to Cart", product_id="A", price=10, quantity=1)], 1, 10),
        ([added(GUEST, quantity=-2)], 1, 10),
        ([added(GUEST, currency="COP"), added(GUEST, currency="USD")], 2, None),
    ],
)
async def test_a_line_is_as_many_as_were_put_in_and_not_taken_out(
    tmp_path, mock_clock, steps, quantity, value
):
    async with a_derivation(tmp_path, TEXT) as it:
        for body in steps:
            await it.send(body)
            mock_clock.jump(1)

        [made] = await left(it, mock_clock)
        [line] = made["properties"]["products"]
        assert (line["quantity"], made["properties"].get("value")) == (quantity, value)


@pytest.mark.parametrize(
    "steps",
    [
        [step("Payment Info Entered", payment_method="Addi")],
        [added(GUEST, quantity=2), step("Cart Viewed", products=[])],
        [added(GUEST, quantity=2), step("Cart Viewed", cart_id="c", is_empty=True)],
        [step("Checkout Started", value=10), step("Cart Viewed", products=[])],
        [step("Cart Viewed", products=[{"product_id": "A", "price": 10, "quantity": 0}])],
        [added(GUEST, quantity=2), step("Product Removed", product_id="A")],
        [added(GUEST, quantity=2), step("Product Removed", product_id="A", quantity=2)],
        [added(GUEST, quantity=1), step("Product Removed", product_id="A", quantity=5)],
    ],
)
async def test_a_cart_in_which_nothing_is_is_not_left_behind(tmp_path, mock_clock, steps):
    async with a_derivation(tmp_path, TEXT) as it:
        for body in steps:
            await it.send(body)
            mock_clock.jump(1)

        assert await left(it, mock_clock) == []


async def test_a_checkout_that_says_its_worth_alone_is_a_cart(tmp_path, mock_clock):
    async with a_derivation(tmp_path, TEXT) as it:
        await it.send(step("Checkout Started", value=300, currency="cop"))

        [made] = await left(it, mock_clock)
        assert (made["properties"]["value"], made["properties"]["currency"]) == (300, "COP")
        assert "products" not in made["properties"]


async def test_an_event_that_comes_again_adds_nothing_however_late(tmp_path, mock_clock):
    text = TEXT.replace("default('1h')", "default('3d')")
    assert text != TEXT
    body = {**added(GUEST), "messageId": "again"}
    async with a_derivation(tmp_path, text) as it:
        await it.send(body)
        await it.settle()
        mock_clock.jump(25 * HOUR_S)
        await it.send(body)
        await it.settle()
        mock_clock.jump(73 * HOUR_S)

        [made] = await left(it, mock_clock)
        assert made["properties"]["products"][0]["quantity"] == 1


async def test_what_a_guest_and_the_user_they_turn_out_to_be_put_in_adds_up(tmp_path, mock_clock):
    async with a_derivation(tmp_path, TEXT) as it:
        await it.send(added(GUEST, quantity=2), added(LUCIA, quantity=1))
        await it.settle()
        await it.send({"type": "identify", **BOTH})

        [made] = await left(it, mock_clock)
        assert made["properties"]["products"][0]["quantity"] == 3


async def test_carts_whose_id_means_none_are_no_one_cart(tmp_path, mock_clock):
    async with a_derivation(tmp_path, TEXT) as it:
        for user in ("und-a", "und-b"):
            await it.send(added({"userId": user}, user, cart_id="undefined"))

        made = await left(it, mock_clock)
        products = {one["userId"]: one["properties"]["products"] for one in made}
        assert {user: [one["product_id"] for one in lines] for user, lines in products.items()} == {
            "und-a": ["und-a"],
            "und-b": ["und-b"],
        }
        assert "cart_id" not in made[0]["properties"]


async def test_an_abandoned_cart_names_the_user_that_its_key_knows(tmp_path, mock_clock):
    async with a_derivation(tmp_path, TEXT) as it:
        await it.send(added(BOTH))
        await it.settle()
        mock_clock.jump(60)
        await it.send(step("Checkout Started", GUEST))

        [made] = await left(it, mock_clock)
        assert (made["userId"], made["anonymousId"]) == ("lucia", "browser-1")


async def test_a_cart_of_two_users_names_neither(tmp_path, mock_clock):
    async with a_derivation(tmp_path, TEXT) as it:
        for user in ("lucia", "marta"):
            await it.send(added({"userId": user}, cart_id="c1"))
        await it.send(step("Cart Viewed", {"anonymousId": "other"}, cart_id="c1"))

        [made] = await left(it, mock_clock)
        assert "userId" not in made


async def test_a_guest_at_somebodys_browser_is_not_named_as_they_are(tmp_path, mock_clock):
    known = {"type": "identify", **BOTH, "traits": {"email": "lucia@example.com"}}
    other = {"context": {"traits": {"email": "friend@example.com"}}}
    async with a_derivation(tmp_path, TEXT) as it:
        await it.send(known, added(BOTH))
        await it.settle()
        mock_clock.jump(60)
        await it.send({**step("Checkout Started", GUEST), **other})

        [made] = await left(it, mock_clock)
        assert "userId" not in made


async def test_a_cart_that_falls_due_leaves_the_browser_with_who_has_it_by_then(
    tmp_path, mock_clock
):
    async with a_derivation(tmp_path, TEXT) as it:
        await it.send(added(BOTH))
        await it.settle()
        mock_clock.jump(HOUR_S / 2)
        await it.send({"type": "identify", **GUEST, "userId": "marta"})
        [made] = await left(it, mock_clock)

        key = PersonKey(BROWSER, "browser-1")
        known = await it.ingest.people.look_up({key}, Millis(0))
        assert made["userId"] == "lucia"
        assert newest_user(known[key]) == "marta"


async def test_a_payment_ends_the_wait_only_where_it_was_approved(tmp_path, mock_clock):
    ends = "without: { type: track, event: Order Completed }"
    approved = "\"{{ properties.payment_status == 'approved' }}\""
    assert ends in TEXT
    text = TEXT.replace(ends, f"without: {{ type: track, event: Order Updated, when: {approved} }}")
    async with a_derivation(tmp_path, text) as it:
        for user, status in (("lucia", "declined"), ("marta", "approved")):
            await it.send(added({"userId": user}))
            paid = {**order({"userId": user}), "event": "Order Updated"}
            paid["properties"]["payment_status"] = status
            await it.send(paid)

        assert [one["userId"] for one in await left(it, mock_clock)] == ["lucia"]
