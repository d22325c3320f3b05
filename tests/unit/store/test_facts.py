"""What documents count for, where what they hold is odd."""

import pytest

from engine.store.facts import Fact, bucket_value, facts_of, viewport_of
from engine.store.interface import Document, Model
from engine.store.sessions import Moment, moment_of, session_facts


def facts(model, body, about=None):
    return facts_of(Document("0" * 24, model, body, 0, about or {}))


@pytest.mark.parametrize("x", [None, "10", True, float("inf"), float("nan"), 10**7])
def test_a_point_that_is_no_place_on_a_page_counts_as_its_element(x):
    body = {"interactionType": "click", "pageUrl": "/a", "elementId": "buy", "x": x, "y": 1}
    kinds = [one.kind for one in facts(Model.INTERACTION, body)]
    assert kinds == ["interaction", "element"]


def test_a_click_on_nothing_known_counts_as_an_interaction_alone():
    found = facts(Model.INTERACTION, {"interactionType": "click", "pageUrl": "/a"})
    assert [one.kind for one in found] == ["interaction"]


@pytest.mark.parametrize("value", [None, "much", "", True, float("nan"), 10**13, "9" * 16])
def test_what_is_no_sum_of_money_is_worth_nothing_and_still_counts(value):
    body = {"conversionType": "purchase", "conversionValue": value, "currency": "COP"}
    assert facts(Model.CONVERSION, body) == [
        Fact("conversion", "", '["purchase","COP",null]', 1, 0)
    ]


@pytest.mark.parametrize(
    ("value", "amount"), [("100", 100), (" 19.99 ", 19.99), ("-5", -5), (0, 0)]
)
def test_a_number_that_was_kept_as_text_is_one(value, amount):
    found = facts(Model.CONVERSION, {"conversionType": "purchase", "conversionValue": value})
    assert found == [Fact("conversion", "", '["purchase",""]', 1, round(amount * 10_000))]


def test_a_conversion_counts_under_the_plan_s_name_and_a_currency_in_capitals():
    body = {"conversionType": "compra", "conversionValue": 1, "currency": "cop"}
    [fact] = facts(Model.CONVERSION, body, {"conversion": "purchase"})
    assert fact.key == '["purchase","COP"]'
    [fact] = facts(Model.CONVERSION, body)
    assert fact.key == '["compra","COP"]'


def test_fractions_of_money_are_kept():
    body = {"conversionType": "purchase", "conversionValue": 19.99, "currency": "USD"}
    assert facts(Model.CONVERSION, body)[0].amount == 199_900


@pytest.mark.parametrize(
    "about",
    [
        {"step": "cart", "products": "P1"},
        {"step": "cart", "products": ["P1", None, {"name": "no id"}]},
        {"step": "elsewhere", "products": [{"productId": "P1"}]},
        {"vital": {"page": "/", "metric": "LCP", "value": "fast"}},
    ],
)
def test_what_an_event_says_of_itself_wrongly_counts_for_nothing(about):
    assert facts(Model.EVENT, {}, about) == []


def test_a_nul_and_what_is_beyond_a_key_are_cut_off():
    found = facts(Model.PAGE_VIEW, {"pageUrl": "/a\0b" + "c" * 5000})
    assert (found[0].key[:4], len(found[0].key)) == ("/abc", 2047)


@pytest.mark.parametrize(
    ("width", "viewport"),
    [(None, "unknown"), (0, "unknown"), (767, "mobile"), (768, "tablet"), (1024, "desktop")],
)
def test_viewports_have_the_classes_that_style_sheets_have(width, viewport):
    assert viewport_of(width) == viewport


def test_a_bucket_is_at_most_one_percent_off():
    for value in (0.05, 0.1, 1.0, 87.3, 1874.3, 60_000.0):
        [fact] = facts(Model.EVENT, {}, {"vital": {"page": "/", "metric": "X", "value": value}})
        bucket = int(fact.key.rpartition(",")[2].rstrip("]"))
        assert bucket_value(bucket) == pytest.approx(value, rel=0.0101)


def test_a_session_of_which_nothing_is_known_counts_for_nothing():
    assert session_facts([]) == []
    assert moment_of(0, {"step": "elsewhere"}) is None


def test_an_order_at_the_moment_of_the_search_came_not_later():
    found = session_facts([Moment(5, "", "tv"), Moment(5, "purchase", "")])
    assert [one.fact.amount for one in found if one.fact.kind == "search"] == [0]
