"""The files that the page builds make the events that the page shows."""

import json

import pytest

from engine.pipeline.figures import told
from tests.docs.pages import ROOT, blocks
from tests.support.deriving import a_derivation

pytestmark = [pytest.mark.trio, pytest.mark.slow]

PAGE = ROOT / "docs/derived.md"
COMMON = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (ROOT / "schemas/common").glob("*.yaml")
}


def written():
    return {block.file: block.text for block in blocks(PAGE, "yaml")}


def others(name):
    """All that the page writes but the file that is tried, with the shared schemas."""
    files = {**COMMON, **written()}
    del files[f"rules/derived/{name}.yaml"]
    return {key: text for key, text in files.items() if not key.startswith("rules/derived/")}


async def test_the_third_order_makes_the_event_that_the_page_shows(tmp_path, mock_clock):
    [shown] = [json.loads(block.text) for block in blocks(PAGE, "json")]
    text = written()["rules/derived/regulars.yaml"]

    async with a_derivation(tmp_path, text, extra=others("regulars")) as it:
        for number in ("1", "2", "2", "3"):
            properties = {"order_id": number, "total": "100"}
            await it.send({"event": "Order Completed", "userId": "lucia", "properties": properties})
            mock_clock.jump(60)
        await it.settle()
        [made] = await it.made()

    assert made.name == shown["event"]
    assert made.body["properties"]["spent"] == shown["properties"]["spent"]
    assert made.body["properties"]["since"].endswith(shown["properties"]["since"][10:])


async def test_a_search_without_a_view_makes_its_event_after_ten_minutes(tmp_path, mock_clock):
    text = written()["rules/derived/search-without-view.yaml"]
    files = others("search-without-view")

    def search(query, who):
        return {"event": "Products Searched", "anonymousId": who, "properties": {"query": query}}

    async with a_derivation(tmp_path, text, extra=files) as it:
        await it.send(search("funda", "b1"), search("funda azul", "b1"), search("tv", "b2"))
        await it.send({"event": "Product Viewed", "anonymousId": "b2", "properties": {}})
        await it.settle()
        mock_clock.jump(605)
        await it.settle()

        [made] = await it.made()
    assert made.body["properties"] == {"query": "funda azul", "searches": 2}


async def test_what_is_in_a_cart_is_what_was_put_in_and_not_taken_out(tmp_path):
    def step(name, product_id, **properties):
        properties = {"product_id": product_id, **properties}
        return {"event": name, "userId": "lucia", "properties": properties}

    async with a_derivation(
        tmp_path, written()["rules/derived/carts.yaml"], extra=others("carts")
    ) as it:
        await it.send(
            step("Product Added", "a", price="10", quantity=2),
            step("Product Added", "a", price="10"),
            step("Product Added", "b", price=5),
            step("Product Removed", "a", quantity=1),
            step("Product Removed", "b"),
        )
        await it.settle()
        [(_, window)] = await it.ingest.state.windows.list("carts", limit=9)

    figures, show = told(it.deriving.derived, window.figures, it.wall())
    assert figures["products"] == [{"product_id": "a", "price": 10, "quantity": 2}]
    assert show == {"value": 20}
