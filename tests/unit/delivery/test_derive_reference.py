"""The files of ``rules/derived/`` that come with Encamina, over a real log and state."""

import pytest

from tests.support.deriving import GUEST, HOUR_S, LUCIA, a_derivation, added, order
from tests.support.processes import ROOT

pytestmark = [pytest.mark.trio, pytest.mark.slow]

SHOP = "https://tienda.example.com"
CLICKED = f"{SHOP}/celulares?marca=samsung&utm_source=mail&gclid=x1&email=ana%40y.co"


def reference(name: str) -> str:
    return (ROOT / f"rules/derived/{name}.yaml").read_text()


def seen(url: str) -> dict:
    return {"event": "Product Viewed", **GUEST, "context": {"page": {"url": url}}}


async def test_the_pages_of_a_session_are_without_click_ids_and_contact_data(tmp_path, mock_clock):
    async with a_derivation(tmp_path, reference("sessions")) as it:
        await it.send(seen(CLICKED), seen(f"{SHOP}/pago?fbclid=y2&telefono=3001234567"))
        await it.settle()
        mock_clock.jump(HOUR_S)
        await it.settle()

        [_, ended] = await it.made()
        assert ended.name == "Session Ended"
        assert ended.body["properties"]["landing_page"] == f"{SHOP}/celulares?marca=samsung"
        assert ended.body["properties"]["exit_page"] == f"{SHOP}/pago"


async def test_what_no_visit_is_behind_makes_no_session(tmp_path, mock_clock):
    async with a_derivation(tmp_path, reference("sessions")) as it:
        await it.send({"event": "Clarity Insights Imported", "anonymousId": "clarity-export",
                       "context": {"visit": False}})  # fmt: skip
        await it.send(seen(SHOP))
        await it.settle()
        mock_clock.jump(HOUR_S)
        await it.settle()

        assert [(one.name, one.body["anonymousId"]) for one in await it.made()] == [
            ("Session Started", "browser-1"),
            ("Session Ended", "browser-1"),
        ]


async def test_a_cart_says_how_long_nothing_came_of_it(tmp_path, mock_clock):
    async with a_derivation(tmp_path, reference("cart-abandoned")) as it:
        await it.send(added(GUEST))
        await it.settle()
        mock_clock.jump(HOUR_S + 3)
        await it.settle()

        [made] = await it.made()
        assert made.body["properties"]["minutes_idle"] == 60


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((None, None), ["First Purchase", "Repeat Purchase"]),
        # The shop knows orders from before: its word counts.
        ((False, None), ["Repeat Purchase", "Repeat Purchase"]),
        ((True, False), ["First Purchase", "Repeat Purchase"]),
        ((None, True), ["First Purchase", "First Purchase"]),
    ],
)
async def test_which_purchase_it_is_goes_by_the_shops_word_and_else_by_the_figures(
    tmp_path, told, expected
):
    async with a_derivation(tmp_path, reference("purchases")) as it:
        for number, word in enumerate(told):
            said = {} if word is None else {"new_customer": word}
            await it.send(order(LUCIA, f"O-{number}", **said))
            await it.settle()

        made = await it.made()
        assert [one.name for one in made] == expected
        # Of a first order that Encamina knows, how many there were isn't said.
        counts = [one.body["properties"].get("orders") for one in made]
        assert counts == [None, 2 if expected[1] == "Repeat Purchase" else None]
