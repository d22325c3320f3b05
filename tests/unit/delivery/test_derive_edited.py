"""A file that is edited, or taken away, while figures of it are kept."""

import json

import pytest

from engine.release.derived_form import FORM, Form
from tests.support.deriving import HOUR_S, LUCIA, PURCHASES, a_derivation, order

pytestmark = [pytest.mark.trio, pytest.mark.slow]

SPENT = PURCHASES.replace("{ orders: ", '{ spent: { sum: "{{ properties.total }}" }, orders: ')


def said(it, what):
    lines = [json.loads(line) for line in it.said.getvalue().splitlines()]
    return [one for one in lines if one["event"] == what]


async def form_of(it):
    return Form.read(await it.ingest.state.setting(f"{FORM}it"))


async def test_a_figure_that_is_added_counts_from_then_on_and_is_told(tmp_path, mock_clock):
    async with a_derivation(tmp_path, PURCHASES) as it:
        wall, begun = it.wall, it.wall()
        await it.send(order(LUCIA, "1"))
        await it.settle()
        assert said(it, "derived file changed") == []
    mock_clock.jump(HOUR_S)
    async with a_derivation(tmp_path, SPENT, wall) as it:
        await it.send(order(LUCIA, "2"))
        await it.settle()
        [(_, window)] = await it.ingest.state.windows.list("it", limit=9)
        [line] = said(it, "derived file changed")
        form = await form_of(it)

        assert window.figures == {"orders": 2, "revenue": 20, "spent": 10}
        assert line["parts"] == "figures.spent"
        assert form.since == begun
        assert form.changed == {"figures.spent": begun + HOUR_S * 1000}


async def test_a_back_fill_makes_the_figures_those_of_the_edited_file(tmp_path, mock_clock):
    async with a_derivation(tmp_path, PURCHASES) as it:
        wall, begun = it.wall, it.wall()
        await it.send(order(LUCIA, "1"))
        await it.settle()
    mock_clock.jump(HOUR_S)
    async with a_derivation(tmp_path, SPENT, wall) as it:
        await it.ask_back_fill()
        await it.send(order(LUCIA, "2"))
        await it.settle()
        [(_, window)] = await it.ingest.state.windows.list("it", limit=9)
        form = await form_of(it)

        assert window.figures == {"orders": 2, "revenue": 20, "spent": 20}
        assert (form.since, form.changed) == (begun, {})
    async with a_derivation(tmp_path, SPENT, wall) as it:
        assert said(it, "derived file changed") == []


async def test_a_key_that_is_changed_counts_anew_and_is_told(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        wall = it.wall
        await it.send(order(LUCIA, "1"))
        await it.settle()
    text = PURCHASES.replace("key: person", 'key: "{{ properties.shop }}"')
    async with a_derivation(tmp_path, text, wall) as it:
        await it.send(order(LUCIA, "2", shop="norte"))
        await it.settle()
        [line] = said(it, "derived file changed")

        assert line["parts"] == "key"
        assert await it.names() == ["First Purchase", "First Purchase"]


async def test_what_another_verb_kept_under_the_name_of_a_figure_is_not_counted_on(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        wall = it.wall
        await it.send(order(LUCIA, "1"))
        await it.settle()
    text = PURCHASES.replace("revenue: { sum:", "revenue: { last:")
    async with a_derivation(tmp_path, text, wall) as it:
        await it.send(order(LUCIA, "2", total=7))
        await it.settle()

        assert (await it.made())[-1].body["properties"] == {"orders": 2, "revenue": 7}
        assert said(it, "fault") == []
