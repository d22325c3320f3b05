"""The newest statement about a person wins, and a later grant revives nothing."""

from itertools import permutations

import pytest

from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.person import BROWSER, NOTHING, USER, Memory, PersonKey, Remembered
from engine.pipeline.consent import asked_of, consent_for, stored_for, with_statements
from engine.pipeline.identity import ids_of
from engine.pipeline.learn import learn
from engine.pipeline.memory import own_of
from tests.support.events import a_logged_event

AT = Millis(1_000)
BEFORE, AFTER = Millis(900), Millis(1_100)


def said(value, since, at=None):
    return {"advertising": Remembered(value, since, since if at is None else at)}


@pytest.mark.parametrize(
    ("own", "stored", "holds"),
    [
        ({}, {}, None),
        ({"advertising": True}, {}, True),
        ({}, said(True, BEFORE), True),
        ({}, said(True, BEFORE, AFTER), True),  # said again since
        ({}, said(False, BEFORE), False),
        ({}, said(True, AFTER), None),  # a later grant revives nothing
        ({"advertising": False}, said(True, AFTER), False),
        ({"advertising": False}, said(True, BEFORE), False),
        ({"advertising": True}, said(False, BEFORE), True),  # they changed their mind
        ({"advertising": True}, said(False, AFTER), False),
        ({}, said(False, AFTER), False),
        ({"*": False}, said(True, BEFORE), False),  # a list that leaves it out refuses it
        ({"analytics": True}, said(True, BEFORE), True),
    ],
)
def test_what_holds_at_the_moment_of_an_event(own, stored, holds):
    assert consent_for(own, AT, stored).get("advertising") is holds


def test_a_list_of_granted_names_that_came_later_refuses_what_it_leaves_out():
    stored = {"*": Remembered(False, AFTER, AFTER), "analytics": Remembered(True, AFTER, AFTER)}

    effective = consent_for({"advertising": True, "analytics": True}, AT, stored)

    assert effective["advertising"] is False
    assert effective["analytics"] is True


def test_what_is_no_boolean_grants_nothing():
    assert consent_for({}, AT, said("yes", BEFORE)) == {"advertising": False}


def test_the_statements_of_a_person_are_found_by_their_userid_and_by_their_browser():
    consent = said(True, BEFORE)
    known = {
        PersonKey(BROWSER, "anon-lucia"): Memory(links={"lucia": Remembered("lucia", AT, AT)}),
        PersonKey(USER, "lucia"): Memory(consent=consent),
        PersonKey(BROWSER, "anon-2"): Memory(consent=consent),
    }

    both = a_logged_event()
    anonymous = a_logged_event(userId=...)
    other = a_logged_event(userId=..., anonymousId="anon-2")
    stranger = a_logged_event(userId=..., anonymousId="anon-3")

    assert asked_of(both) == {PersonKey(BROWSER, "anon-lucia"), PersonKey(USER, "lucia")}
    for event in (both, anonymous, other):
        assert stored_for(event, known, Millis(0)) == consent
    assert stored_for(stranger, known, Millis(0)) == {}


MINUTE = 60_000
T0 = 1_700_000_000_000


class Crowd:
    """A memory of people, told what they state at minutes, in the order in which it comes."""

    def __init__(self):
        self.known = {}

    def event(self, minute, said=None, body=None, **ids):
        context = {}
        if said is not None:
            context = {"consent": {"categoryPreferences": {"advertising": said}}}
        body = {"type": "page", "messageId": "m", "context": context, **ids, **(body or {})}
        at = Millis(T0 + minute * MINUTE)
        return Event("shop", "m", body["type"], "", at, at, body)

    def sees(self, minute, said=None, **more):
        event = self.event(minute, said, **more)
        for key in ids_of(event.body).asked():
            self.known.setdefault(key, NOTHING)
        self.known.update(learn(event, own_of(event), self.known, Millis(0)))
        return self

    def holds(self, minute, said=None, **ids):
        event = self.event(minute, said, **ids)
        own = {} if said is None else {"advertising": said}
        stored = stored_for(event, self.known, Millis(0))
        return consent_for(own, event.timestamp, stored).get("advertising")


def crowd_of(*statements, **ids):
    crowd = Crowd()
    for minute, said in statements:
        crowd.sees(minute, said, **(ids or {"userId": "ana"}))
    return crowd


@pytest.mark.parametrize("step", [1, 60])
@pytest.mark.parametrize("order", list(permutations([(10, True), (20, False), (40, True)])))
def test_a_refusal_between_grants_counts_in_whatever_order_they_come(order, step):
    crowd = crowd_of(*[(minute * step, said) for minute, said in order])

    held = {minute: crowd.holds(minute * step, userId="ana") for minute in (5, 15, 30, 45)}
    assert held == {5: False, 15: False, 30: False, 45: True}


def test_a_refusal_that_is_said_again_is_the_newer_one():
    crowd = crowd_of((1, False), (4, False), (2, True))

    assert crowd.holds(5, userId="ana") is False


def test_a_refusal_stops_what_was_granted_before_it_though_a_grant_came_since():
    crowd = crowd_of((20, False), (30, True))

    assert crowd.holds(10, said=True, userId="ana") is False
    assert crowd.holds(35, userId="ana") is True


def test_a_refusal_of_the_same_moment_counts():
    assert crowd_of((1, True), (1, False)).holds(2, userId="ana") is False
    assert crowd_of((1, False), (1, True)).holds(2, userId="ana") is False


def test_a_grant_said_at_each_event_is_not_written_each_time():
    crowd = crowd_of((1, True))
    before = crowd.known[PersonKey(USER, "ana")]

    assert crowd.sees(2, True, userId="ana").known[PersonKey(USER, "ana")] is before
    assert crowd.sees(9, True, userId="ana").known[PersonKey(USER, "ana")] is not before


def test_statements_are_bounded_and_a_refusal_stays_longest():
    names = {f"c{number}": True for number in range(60)}

    kept = with_statements({"no": Remembered(False, BEFORE, BEFORE)}, names, AT, 50)

    assert len(kept) == 50
    assert "no" in kept


@pytest.mark.parametrize("refuser", [{"userId": "ana", "anonymousId": "x"}, {"anonymousId": "x"}])
def test_a_refusal_of_any_user_of_the_browser_stops_what_it_sent_before(refuser):
    crowd = Crowd().sees(1, True, anonymousId="x")
    crowd.sees(2, userId="ana", anonymousId="x").sees(3, False, **refuser)
    crowd.sees(4, True, userId="beto", anonymousId="x")

    assert crowd.holds(1, said=True, anonymousId="x") is False


def test_a_refusal_before_somebody_else_s_visit_is_not_theirs():
    crowd = Crowd().sees(1, False, userId="ana", anonymousId="x")
    crowd.sees(2, True, userId="beto", anonymousId="x")

    assert crowd.holds(3, anonymousId="x") is True
    assert crowd.holds(3, userId="beto", anonymousId="x") is True


def test_a_grant_without_a_userid_overturns_no_userid_s_refusal():
    crowd = Crowd().sees(1, False, userId="ana", anonymousId="x").sees(2, True, anonymousId="x")

    assert crowd.holds(3, userId="ana") is False
    assert crowd.holds(3, userId="ana", anonymousId="x") is False
    assert crowd.sees(4, True, userId="ana").holds(5, userId="ana") is True


def test_a_refusal_without_a_userid_stops_its_user():
    crowd = Crowd().sees(1, True, userId="ana", anonymousId="x").sees(2, False, anonymousId="x")

    assert crowd.holds(3, userId="ana", anonymousId="x") is False


@pytest.mark.parametrize("login", [{"userId": "ana"}, {"previousId": "x", "userId": "ana"}])
def test_what_was_granted_before_the_login_counts_for_a_bare_event(login):
    crowd = Crowd().sees(1, True, anonymousId="x")
    if "previousId" in login:
        crowd.sees(2, body={"type": "alias"}, **login)
    else:
        crowd.sees(2, anonymousId="x", **login)

    assert crowd.holds(3, userId="ana") is True
    assert crowd.holds(0, userId="ana") is None


def test_an_alias_keeps_the_refusals_of_both_names():
    crowd = crowd_of((1, False)).sees(2, True, userId="ana-2")
    crowd.sees(3, body={"type": "alias"}, userId="ana-2", previousId="ana")

    assert crowd.holds(0, said=True, userId="ana") is False
    assert crowd.holds(4, userId="ana") is True


def test_one_browser_s_list_of_names_refuses_what_it_leaves_out_for_its_user_too():
    known = {
        PersonKey(USER, "lucia"): Memory(consent={"*": Remembered(False, BEFORE, BEFORE)}),
        PersonKey(BROWSER, "anon-lucia"): Memory(consent={"social": Remembered(True, AT, AT)}),
    }

    stored = stored_for(a_logged_event(), known, Millis(0))

    assert consent_for({}, Millis(AT + 1), stored)["social"] is False
