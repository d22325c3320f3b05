"""``encamina derived``: how files stand, what was edited in them, and what a back-fill lets go."""

import json
from functools import partial

import pytest
import trio

from engine.model.clock import Millis, to_iso
from engine.model.window import Change, Window
from engine.release.derived_form import FORM, Form
from tests.support.controls import HandClock, a_control, sent
from tests.support.events import NOW, an_event

BOUGHT = """
    derived: bought
    from: { type: track, event: Order Completed }
    key: person
    figures: { orders: { count: true } }
    show: { twice: "{{ figures.orders * 2 }}" }
    """


@pytest.fixture(autouse=True)
def _bought(shop):
    shop.changed["rules/derived/bought.yaml"] = BOUGHT


async def fill(shop, name, form=None):
    """Figures of one person in a file of that name."""
    async with a_control(shop.folder, HandClock(), shop.changed) as control:
        window = Window(-1, {"orders": 3}, due=Millis(NOW + 1000), touched_at=NOW)
        change = Change(1, [window], keys={"0:user:lucia": -1})
        await control.state.windows.write(name, change)
        if form is not None:
            await control.state.set_setting(f"{FORM}{name}", form.text())
        await sent(control, an_event("Order Completed"))


def test_a_file_tells_since_when_it_counts_and_what_was_edited_after(shop):
    trio.run(partial(fill, shop, "bought", Form({}, NOW, {"figures.orders": NOW})))

    [line] = shop.lines("derived", "list")
    told = shop.run("derived", "list").stdout

    assert line["since"] == to_iso(NOW)
    assert line["changed"] == {"figures.orders": to_iso(NOW)}
    assert (line["keys"], line["waiting"], line["building"]) == (1, 1, False)
    assert "bought: figures.orders was edited, and counts so since" in told
    assert "encamina derived backfill bought" in told


def test_what_is_kept_of_a_file_that_left_is_listed_as_gone(shop):
    trio.run(partial(fill, shop, "of-old"))

    lines = {one["derived"]: one for one in shop.lines("derived", "list")}

    assert lines["of-old"]["mode"] == "gone"
    assert lines["of-old"]["keys"] == 1
    assert lines["bought"]["keys"] == 0


def test_figures_are_shown_by_whom_they_are_of(shop):
    trio.run(partial(fill, shop, "bought"))

    [line] = shop.lines("derived", "show", "bought", "--key", "lucia")
    told = shop.run("derived", "show", "bought").stdout

    assert line["keys"] == ["user:lucia"]
    assert (line["figures"], line["show"]) == ({"orders": 3}, {"twice": 6})
    assert told.splitlines()[:3] == ["user:lucia", "    orders: 3", "    twice: 6"]


def test_a_back_fill_tells_what_it_counts_no_more_and_is_listed_until_it_is_made(shop):
    trio.run(partial(fill, shop, "bought"))

    told = shop.run("derived", "backfill", "bought").stdout
    asked = json.loads(shop.run("derived", "backfill", "bought", "--json").stdout)
    [line] = shop.lines("derived", "list")

    assert "bought builds its figures anew from all that the log holds" in told
    assert (asked["since"], asked["log_begins"]) == (None, to_iso(NOW))
    assert f"The log begins at {asked['log_begins']}: what came before that" in told
    assert line["building"] is True
    assert "bought: a back-fill is asked for or running" in shop.run("derived", "list").stdout


def test_a_back_fill_of_a_part_says_since_when(shop):
    trio.run(partial(fill, shop, "bought"))

    told = shop.run("derived", "backfill", "bought", "--since", to_iso(NOW)).stdout

    assert f"anew from what came since {to_iso(NOW)}" in told
