"""What every engine of the analytics store promises."""

import random
from collections import Counter

import pytest

from engine.model.clock import Millis, to_iso
from engine.model.errors import StorageError
from engine.store.interface import Model
from engine.store.questions import Asked
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
    at,
    ids,
    whole_answer,
)

pytestmark = pytest.mark.trio


async def test_a_document_comes_back_whole(engine):
    fields = {
        "eventName": "chat 😀",
        "eventCategory": "custom",
        "eventAction": "said",
        "eventValue": 1899000.5,
        "userId": "u-1",
        "metadata": {"nested": {"list": [1, None, "ñ"], "empty": {}}, "big": 2**70},
    }
    async with engine.store() as store:
        await store.write([an_event("a", **fields)])
        (found,) = await ask(store, "events_by_user", userId="u-1")
    assert found == {
        "_id": an_id("a"),
        "sessionId": "s-1",
        **fields,
        "timestamp": "2026-11-24T12:00:00.000Z",
    }
    assert [*found][:: len(found) - 1] == ["_id", "timestamp"]


async def test_what_is_written_is_there_after_a_crash(engine):
    async with engine.store() as store:
        await store.write([an_event("a")])
        crashed = engine.after_a_crash()
    async with crashed.store() as store:
        assert ids(await ask(store, "events_by_session", sessionId="s-1")) == [an_id("a")]


async def test_lists_begin_with_the_newest_and_with_the_highest_id_of_one_time(engine):
    async with engine.store() as store:
        written = [an_event(f"e{number}", Millis(NOON + number // 3)) for number in range(9)]
        await store.write(written)
        found = await ask(store, "events_by_category", category="custom")
    expected = sorted(written, key=lambda one: (one.at, one.id), reverse=True)
    assert ids(found) == [one.id for one in expected]


async def test_pages_give_every_document_once_also_of_one_time(engine):
    async with engine.store() as store:
        written = [an_event(f"e{number}", Millis(NOON + number // 5)) for number in range(23)]
        await store.write(written)
        found, cursor, pages = [], None, 0
        while cursor is not None or not pages:
            arguments = {"category": "custom", "limit": 4, **({"cursor": cursor} if cursor else {})}
            answer = await whole_answer(store, "events_by_category", **arguments)
            # What comes in the meantime is newer and disturbs no page.
            await store.write([an_event(f"late{pages}", Millis(NOON + 1000))])
            found += ids(answer.value)
            cursor, pages = answer.cursor, pages + 1
    assert pages == 6
    assert sorted(found) == sorted(one.id for one in written)


@pytest.mark.parametrize("name", ["events_by_session", "session_journey"])
async def test_pages_can_be_asked_for_by_what_the_last_document_shows(engine, name):
    async with engine.store() as store:
        # Five of one moment, which no page of three can hold.
        written = [an_event(f"e{n}", Millis(NOON + max(0, n - 4))) for n in range(7)]
        await store.write(written)
        found, cursor = [], ""
        while page := await ask(store, name, sessionId="s-1", limit=3, cursor=cursor):
            found += ids(page)
            cursor = f"{page[-1]['timestamp']}_{page[-1]['_id']}"
    newest_first = name == "events_by_session"
    expected = sorted(written, key=lambda one: (one.at, one.id), reverse=newest_first)
    assert found == [one.id for one in expected]


async def test_the_last_page_has_no_cursor_even_when_it_is_full(engine):
    async with engine.store() as store:
        await store.write([an_event(f"e{number}") for number in range(4)])
        answer = await whole_answer(store, "events_by_category", category="custom", limit=4)
    assert len(answer.value) == 4
    assert answer.cursor is None


async def test_each_list_holds_its_own_and_nothing_else(engine):
    async with engine.store() as store:
        await store.write(
            [
                an_event("e1", userId="u-1"),
                an_event("e2", userId="u-2", eventCategory="conversion"),
                an_event("e3", sessionId="s-2"),
                a_view("p1", userId="u-1"),
                a_conversion("c1", userId="u-1"),
                a_conversion("c2", sessionId="s-2"),
                a_click("i1", userId="u-1"),
            ]
        )
        assert ids(await ask(store, "events_by_user", userId="u-1")) == [an_id("e1")]
        assert ids(await ask(store, "conversions_by_user", userId="u-1")) == [an_id("c1")]
        by_session = ids(await ask(store, "events_by_session", sessionId="s-1"))
        assert sorted(by_session) == sorted([an_id("e1"), an_id("e2")])
        assert ids(await ask(store, "events_by_category", category="conversion")) == [an_id("e2")]
        assert await ask(store, "events_by_user", userId="nobody") == []


async def test_from_is_included_and_to_is_not(engine):
    async with engine.store() as store:
        await store.write(
            [an_event(f"e{hour}", Millis(NOON + hour * HOUR_MS)) for hour in range(4)]
        )
        found = await ask(
            store,
            "events_by_session",
            sessionId="s-1",
            **{"from": NOON + HOUR_MS, "to": NOON + 3 * HOUR_MS},
        )
    assert ids(found) == [an_id("e2"), an_id("e1")]


async def test_popular_pages_count_views_the_most_viewed_first(engine):
    async with engine.store() as store:
        pages = ["/b", "/a", "/c", "/c", "/ñ"]
        await store.write([a_view(f"p{number}", page=page) for number, page in enumerate(pages)])
        found = await ask(store, "popular_pages")
        assert found == [
            {"pageUrl": "/c", "views": 2},
            {"pageUrl": "/a", "views": 1},
            {"pageUrl": "/b", "views": 1},
            {"pageUrl": "/ñ", "views": 1},
        ]
        assert await ask(store, "popular_pages", limit=1) == found[:1]


async def test_a_repeated_document_counts_once(engine):
    async with engine.store() as store:
        await store.write([a_view("p"), a_view("p")])
        await store.write([a_view("p"), a_view("q")])
        assert await ask(store, "popular_pages") == [{"pageUrl": "/a", "views": 2}]
        assert (await store.count())[Model.PAGE_VIEW] == 2


async def test_a_replaced_document_counts_where_it_is_now(engine):
    async with engine.store() as store:
        await store.write([a_view("p", page="/old"), a_view("q", page="/old")])
        await store.write([a_view("p", Millis(NOON + 40 * DAY_MS), page="/new")])
        assert await ask(store, "popular_pages") == [
            {"pageUrl": "/new", "views": 1},
            {"pageUrl": "/old", "views": 1},
        ]
        november = {"from": "2026-11-01", "to": "2026-11-30"}
        assert await ask(store, "popular_pages", **november) == [{"pageUrl": "/old", "views": 1}]


async def test_a_document_whose_model_changed_is_only_of_the_new_one(engine):
    async with engine.store() as store:
        await store.write([a_view("p")])
        await store.write([an_event("p")])
        assert await ask(store, "popular_pages") == []
        assert ids(await ask(store, "events_by_session", sessionId="s-1")) == [an_id("p")]


async def test_session_duration_is_from_the_first_to_the_last_page_view(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_view("p1", NOON),
                a_view("p2", Millis(NOON + 90_500)),
                an_event("later", Millis(NOON + HOUR_MS)),
                a_view("other", Millis(NOON + HOUR_MS), sessionId="s-2"),
            ]
        )
        assert await ask(store, "session_duration", sessionId="s-1") == {
            "sessionId": "s-1",
            "durationSeconds": 90.5,
        }
        assert (await ask(store, "session_duration", sessionId="s-2"))["durationSeconds"] == 0
        assert (await ask(store, "session_duration", sessionId="none"))["durationSeconds"] == 0


async def test_top_interactions_count_by_type_and_element(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_click("1", elementId="buy"),
                a_click("2", elementId="buy", page="/b"),
                a_click("3"),
                a_click("4", interactionType="scroll"),
            ]
        )
        assert await ask(store, "top_interactions") == [
            {"interactionType": "click", "elementId": "buy", "count": 2},
            {"interactionType": "click", "count": 1},
            {"interactionType": "scroll", "count": 1},
        ]


async def test_a_heatmap_has_points_then_elements_of_what_came_without(engine):
    async with engine.store() as store:
        await store.write(
            [
                a_click("1", x=10, y=20.4, elementId="buy"),
                a_click("2", x=10.2, y=20),
                a_click("3", x=-5, y=0),
                a_click("4", elementId="buy"),
                a_click("5", elementClass="btn", elementText="Comprar"),
                a_click("6", x=1),
                a_click("7", x=1, y=2, page="/b"),
            ]
        )
        expected = [
            {"x": 10, "y": 20, "count": 2},
            {"x": -5, "y": 0, "count": 1},
            {"elementClass": "btn", "elementText": "Comprar", "count": 1},
            {"elementId": "buy", "count": 1},
        ]
        assert await ask(store, "heatmap", pageUrl="/a") == expected
        assert await ask(store, "heatmap", pageUrl="/a", limit=3) == expected[:3]
        assert await ask(store, "heatmap", pageUrl="/none") == []


async def test_trim_takes_what_is_older_out_of_lists_and_counts(engine):
    async with engine.store() as store:
        old = [a_view(f"p{number}", Millis(NOON - DAY_MS)) for number in range(5)]
        await store.write(
            [*old, a_view("young"), an_event("gone", Millis(NOON - 1)), an_event("kept")]
        )
        gone = 0
        while step := await store.trim(NOON, limit=2):
            assert step <= 2
            gone += step
        assert gone == 6
        assert await ask(store, "popular_pages") == [{"pageUrl": "/a", "views": 1}]
        day = {"from": "2026-11-23", "to": "2026-11-23"}
        assert await ask(store, "popular_pages", **day) == []
        assert ids(await ask(store, "events_by_session", sessionId="s-1")) == [an_id("kept")]


async def test_any_range_counts_what_lies_in_it(engine):
    """Against a judge that looks at every document."""
    chance = random.Random(6)
    begin = at("2026-09-28T20:00:00Z")
    views = [
        a_view(f"p{number}", Millis(begin + chance.randrange(80 * DAY_MS)), page=f"/{number % 7}")
        for number in range(300)
    ]
    async with engine.store() as store:
        await store.write(views)
        for _ in range(40):
            since = Millis(begin + chance.randrange(-DAY_MS, 80 * DAY_MS))
            until = Millis(since + chance.randrange(1, 70 * DAY_MS))
            # Half of them on the hour zero, where a day begins.
            if chance.random() < 0.5:
                since, until = (
                    Millis(since // DAY_MS * DAY_MS),
                    Millis(until // DAY_MS * DAY_MS + DAY_MS),
                )
            inside = Counter(one.body["pageUrl"] for one in views if since <= one.at < until)
            expected = sorted(inside.items(), key=lambda one: (-one[1], one[0]))
            ends = {"from": to_iso(since), "to": to_iso(until)}
            found = await ask(store, "popular_pages", **ends)
            assert [(one["pageUrl"], one["views"]) for one in found] == expected, ends


async def test_an_open_end_reaches_to_the_last_document(engine):
    async with engine.store() as store:
        await store.write([a_view("a", Millis(NOON - 3 * DAY_MS)), a_view("b"), a_view("c")])
        assert (await ask(store, "popular_pages", **{"from": NOON}))[0]["views"] == 2
        assert (await ask(store, "popular_pages", to=NOON))[0]["views"] == 1
        assert await ask(store, "popular_pages", **{"from": "2030-01-01"}) == []


async def test_an_empty_store_answers_every_question(engine):
    async with engine.store() as store:
        assert await ask(store, "popular_pages", **{"from": NOON}) == []
        assert await ask(store, "heatmap", pageUrl="/a") == []
        assert (await store.count()) == dict.fromkeys(Model, 0)


async def test_a_question_that_is_none_of_the_catalogue_is_refused(engine):
    async with engine.store() as store:
        with pytest.raises(StorageError, match="no question"):
            await store.ask(Asked("what"))
