"""The newest statement about a person wins, and a later grant revives nothing."""

import pytest

from engine.model.clock import Millis
from engine.model.person import BROWSER, USER, Memory, PersonKey, Remembered
from engine.pipeline.consent import asked_of, consent_for, stored_for
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
