"""What every engine of the store answers to the further questions."""

import math
import random
from collections import defaultdict
from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.store.sessions import STEPS
from tests.conformance.store_documents import (
    DAY_MS,
    HOUR_MS,
    NOON,
    a_click,
    a_conversion,
    a_view,
    an_event,
    an_id,
    ask,
    whole_answer,
)

pytestmark = pytest.mark.trio

MINUTE_MS = 60_000


def a_step(name, step, when=NOON, session="s-1", **about):
    return an_event(name, when, sessionId=session, about={"step": step, **about})


def a_search(name, text, when=NOON, session="s-1"):
    return an_event(name, when, sessionId=session, about={"search": text})


def after(minutes):
    return Millis(NOON + minutes * MINUTE_MS)


async def test_conversions_are_summed_up_by_type_currency_and_day(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_conversion("1", conversionValue=1000.5, currency="COP"),
                a_conversion("2", conversionValue=2000, currency="COP"),
                a_conversion("3", Millis(NOON - DAY_MS), conversionValue=10, currency="USD"),
                a_conversion("4", conversionType="registration"),
                a_conversion("5", conversionType="first_purchase"),
                a_conversion("6", conversionType="repeat_purchase"),
                a_conversion("7", conversionType="repeat_purchase"),
            ]
        )
        found = await ask(store, "conversions_summary")
        assert found["purchases"] == {"first": 1, "repeat": 2}
        assert found["total"][0] == {
            "conversionType": "purchase",
            "currency": "COP",
            "count": 2,
            "value": 3000.5,
            "averageValue": 1500.25,
        }
        assert {"conversionType": "registration", "count": 1, "value": 0} in found["total"]
        usd = {"conversionType": "purchase", "currency": "USD", "count": 1}
        assert found["days"][-1] == {"day": "2026-11-23", **usd, "value": 10, "averageValue": 10}
        half = await ask(store, "conversions_summary", **{"from": NOON, "to": NOON + 1})
        assert [one["day"] for one in half["days"]] == ["2026-11-24"] * 4


async def test_a_conversion_is_one_however_it_was_posted(engine):
    about = {"conversion": "purchase"}
    async with engine.store() as store:
        await store.write(
            [
                a_conversion("1", conversionValue=100, currency="COP"),
                a_conversion("2", conversionType="compra", conversionValue="200", currency="cop",
                             about=about),
                a_conversion("3", conversionType="Compra", currency="Cop", about=about),
            ]
        )  # fmt: skip
        found = await ask(store, "conversions_summary")
    worth = {"conversionType": "purchase", "currency": "COP", "count": 3, "value": 300}
    assert found["total"] == [{**worth, "averageValue": 150}]
    assert found["days"] == [{"day": "2026-11-24", **worth, "averageValue": 150}]


async def test_an_average_is_over_what_told_a_value_also_in_a_part_of_a_day(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_conversion("1", conversionValue=100, currency="COP"),
                a_conversion("2", currency="COP"),
                a_conversion("3", Millis(NOON + DAY_MS), currency="COP"),
                a_conversion("4", Millis(NOON + HOUR_MS), conversionValue=0, currency="COP"),
            ]
        )
        whole = await ask(store, "conversions_summary")
        part = await ask(store, "conversions_summary", **{"from": NOON - 1, "to": NOON + 1})
        # One that is written again with a value no longer counts as one without.
        await store.write([a_conversion("2", conversionValue=50, currency="COP")])
        again = await ask(store, "conversions_summary")
    assert [one["averageValue"] for one in whole["total"]] == [50]
    assert [one.get("averageValue") for one in whole["days"]] == [None, 50]
    assert part["total"][0]["averageValue"] == part["days"][0]["averageValue"] == 100
    assert again["total"][0]["averageValue"] == 50


async def test_a_sum_of_many_amounts_is_exact(engine):
    async with engine.store() as store:
        await store.write(
            [a_conversion(f"{n}", conversionValue=0.1, currency="USD") for n in range(1000)]
        )
        assert (await ask(store, "conversions_summary"))["total"][0]["value"] == 100


async def test_a_funnel_counts_sessions_that_took_each_step_after_the_ones_before(engine):
    async with engine.store() as store:
        await store.write(
            [
                *(a_step(f"a{n}", step, after(n), "whole") for n, step in enumerate(STEPS)),
                a_step("b1", "product", after(0), "to-cart"),
                a_step("b2", "cart", after(1), "to-cart"),
                a_step("b3", "cart", after(2), "to-cart"),
                # The purchase came before the cart: none of this cart.
                a_step("c1", "product", after(0), "mixed"),
                a_step("c2", "purchase", after(1), "mixed"),
                a_step("d1", "cart", after(0), "began-at-cart"),
            ]
        )
        found = await ask(store, "funnel")
    assert [(one["step"], one["sessions"]) for one in found] == [
        ("product", 3),
        ("cart", 2),
        ("checkout", 1),
        ("payment", 1),
        ("purchase", 1),
    ]
    assert (found[1]["shareOfFirst"], found[2]["shareOfPrevious"]) == (0.6667, 0.5)
    # What is whole is written so, as every other number: no 1.0 beside a 0.
    assert [repr(one["shareOfPrevious"]) for one in found] == ["1", "0.6667", "0.5", "1", "1"]


async def test_a_funnel_counts_only_steps_within_the_time_asked_for(engine):
    async with engine.store() as store:
        await store.write([a_step("1", "product", after(0)), a_step("2", "cart", after(45))])
        reached = {
            within: (await ask(store, "funnel", within=within))[1]["sessions"]
            for within in ("30m", "1h", "7d")
        }
    assert reached == {"30m": 0, "1h": 1, "7d": 1}


async def test_events_that_come_in_any_order_give_the_same_funnel(engine):
    chance = random.Random(3)
    events = [
        a_step(f"{session}-{n}", chance.choice(STEPS), after(chance.randrange(600)), f"s{session}")
        for session in range(20)
        for n in range(6)
    ]
    answers = []
    async with engine.store() as store:
        for _ in range(3):
            chance.shuffle(events)
            # Written again each time: what changes is only the order.
            for start in range(0, len(events), 7):
                await store.write(events[start : start + 7])
            answers.append(await ask(store, "funnel"))
    assert answers[0] == answers[1] == answers[2] == judged_funnel(events)


def judged_funnel(events):
    """The same by going through each session by hand."""
    by_session = defaultdict(list)
    for one in sorted(events, key=lambda event: event.at):
        by_session[one.body["sessionId"]].append((one.at, one.about["step"]))
    reached = [0] * len(STEPS)
    for moments in by_session.values():
        position = -math.inf
        for number, step in enumerate(STEPS):
            later = [at for at, taken in moments if taken == step and at >= position]
            if not later:
                break
            position = later[0]
            reached[number] += 1
    return [
        {
            "step": step,
            "sessions": reached[n],
            "shareOfFirst": round(reached[n] / reached[0], 4),
            "shareOfPrevious": round(reached[n] / reached[max(n - 1, 0)], 4)
            if reached[max(n - 1, 0)]
            else 0,
        }
        for n, step in enumerate(STEPS)
    ]


async def test_a_cart_is_abandoned_until_an_order_comes_after_it(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_step("1", "cart", after(0), "left"),
                a_step("2", "cart", after(0), "bought"),
                a_step("3", "checkout", after(0), "left-at-checkout"),
            ]
        )
        open_ = {"carts": 3, "purchased": 0, "abandoned": 3, "rate": 1}
        assert await ask(store, "cart_abandonment") == open_
        await store.write([a_step("4", "purchase", after(30), "bought")])
        closed = {"carts": 3, "purchased": 1, "abandoned": 2, "rate": 0.6667}
        assert await ask(store, "cart_abandonment") == closed
        half = {"from": after(0), "to": after(1)}
        assert await ask(store, "cart_abandonment", **half) == closed


async def test_searches_tell_whether_an_order_came_later_in_the_session(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_search("1", "tv", after(0), "buys"),
                a_step("2", "purchase", after(5), "buys"),
                a_search("3", "tv", after(9), "buys"),
                a_search("4", "tv", after(0), "leaves"),
                a_search("5", "funda", after(0), "leaves"),
            ]
        )
        assert await ask(store, "top_searches") == [
            {"query": "tv", "searches": 3, "withPurchase": 1, "withoutPurchase": 2},
            {"query": "funda", "searches": 1, "withPurchase": 0, "withoutPurchase": 1},
        ]


async def test_products_are_counted_by_what_was_done_with_them(engine):
    tv = {"productId": "TV", "name": "Televisor", "price": 100.5, "currency": "COP"}
    async with engine.store() as store:
        await store.write(
            [
                a_step("1", "product", products=[{"productId": "TV", "name": "Televisor"}]),
                a_step("2", "product", products=[{"productId": "X"}]),
                a_step("3", "product", products=[{"productId": "X"}]),
                a_step("4", "cart", products=[tv]),
                a_step("5", "purchase", products=[{**tv, "quantity": 2}, {"productId": "Y"}]),
            ]
        )
        found = await ask(store, "top_products")
        assert found == [
            {
                "productId": "TV",
                "name": "Televisor",
                "viewed": 1,
                "added": 1,
                "bought": 2,
                "revenue": [{"currency": "COP", "value": 201}],
            },
            {"productId": "Y", "viewed": 0, "added": 0, "bought": 1, "revenue": []},
        ]
        viewed = await ask(store, "top_products", by="viewed", limit=1)
        assert [one["productId"] for one in viewed] == ["X"]


async def test_a_journey_is_all_a_session_did_in_order_page_by_page(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_view("p", after(0)),
                an_event("e", after(1)),
                a_click("i", after(2)),
                a_conversion("c", after(3)),
                an_event("other", after(1), sessionId="s-2"),
            ]
        )
        models, cursor = [], None
        while cursor is not None or not models:
            more = {"cursor": cursor} if cursor else {}
            answer = await whole_answer(store, "session_journey", sessionId="s-1", limit=3, **more)
            models += [one["model"] for one in answer.value]
            cursor = answer.cursor
    assert models == ["page_view", "event", "interaction", "conversion"]


async def test_a_journey_s_rows_say_what_they_are_whatever_was_posted(engine):
    async with engine.store() as store:
        view = a_view("p")
        await store.write([replace(view, body={**view.body, "model": "zz"})])
        [found] = await ask(store, "session_journey", sessionId="s-1")
    assert [*found] == ["model", "_id", "sessionId", "pageUrl", "pageTitle", "timestamp"]
    assert (found["model"], found["_id"]) == ("page_view", an_id("p"))


async def test_web_vitals_give_the_75th_percentile_by_page_and_day(engine):
    chance = random.Random(9)
    samples = [round(chance.lognormvariate(7.5, 0.5), 1) for _ in range(200)]

    def a_vital(name, value, when=NOON, page="/", metric="LCP"):
        return an_event(
            name, when, about={"vital": {"page": page, "metric": metric, "value": value}}
        )

    async with engine.store() as store:
        await store.write([a_vital(f"v{n}", value) for n, value in enumerate(samples)])
        await store.write([a_vital("cls", 0.0, metric="CLS"), a_vital("b", 900, page="/b")])
        await store.write([a_vital("old", 5000, Millis(NOON - DAY_MS))])
        found = await ask(store, "web_vitals", page="/", metric="lcp")
        everything = await ask(store, "web_vitals")
    assert [(one["day"], one["samples"]) for one in found] == [
        ("2026-11-24", 200),
        ("2026-11-23", 1),
    ]
    exact = sorted(samples)[math.ceil(0.75 * len(samples)) - 1]
    assert found[0]["p75"] == pytest.approx(exact, rel=0.0101)
    assert {(one["page"], one["metric"]) for one in everything} == {
        ("/", "LCP"),
        ("/", "CLS"),
        ("/b", "LCP"),
    }


async def test_a_heatmap_s_grid_puts_widths_of_one_class_over_each_other(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_click("1", x=720, y=31, viewportWidth=1440),
                a_click("2", x=960, y=39, viewportWidth=1920),
                a_click("3", x=0, y=0, viewportWidth=1920),
                a_click("4", x=200, y=10, viewportWidth=400),
                a_click("5", x=50, y=10),
            ]
        )
        desktop = await ask(store, "heatmap_grid", pageUrl="/a")
        mobile = await ask(store, "heatmap_grid", pageUrl="/a", viewport="mobile")
    assert desktop == {
        "pageUrl": "/a",
        "viewport": "desktop",
        "max": 2,
        "points": [{"x": 51, "y": 30, "count": 2}, {"x": 1, "y": 10, "count": 1}],
    }
    assert [one["x"] for one in mobile["points"]] == [51]


async def test_what_is_trimmed_counts_in_no_session(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_step("1", "product", after(0)),
                a_step("2", "cart", after(1)),
                a_search("3", "tv", after(1)),
            ]
        )
        await store.trim(Millis(NOON + HOUR_MS), limit=100)
        assert [one["sessions"] for one in await ask(store, "funnel")] == [0] * 5
        assert await ask(store, "top_searches") == []
        assert (await ask(store, "cart_abandonment"))["carts"] == 0
