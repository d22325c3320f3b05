"""The link from an event to Clarity's recording: only where all of it is known and allowed."""

import re

import pytest

from tests.docs.pages import ROOT
from tests.unit.plan.posthog_payloads import an_order, decisions, payload

PROJECT = "abc123xyz"
LINK = f"https://clarity.microsoft.com/player/{PROJECT}/1et50ne/tot0xn"
CLCK = "1et50ne^2^g9b^1^0"
CLSK = "tot0xn^1795184473000^6^1^k.clarity.ms/collect"


def link(project: str = PROJECT, **context):
    found = payload(an_order(**context), MICROSOFT_CLARITY_PROJECT_ID=project)
    return found["properties"].get("clarity_replay_url")


@pytest.mark.parametrize(
    ("clck", "clsk"),
    [
        (CLCK, CLSK),
        (CLCK.replace("^", "|"), CLSK.replace("^", "|")),
        (CLCK.replace("^", "%5E"), CLSK.replace("^", "%5E")),
        (CLCK.replace("^", "%255E"), CLSK.replace("^", "%25255E")),
        (CLCK.replace("^", "%7C"), CLSK),
        (f"{CLCK}~1", f"{CLSK}~1"),
        (CLCK, f"{CLSK}^extra"),
        ("1et50ne^2~1", "tot0xn%5E1"),
    ],
)
def test_every_form_of_the_cookies_gives_the_link(clck, clsk):
    assert link(cookies={"_clck": clck, "_clsk": clsk}) == LINK


@pytest.mark.parametrize(
    "cookie",
    ["", "garbage", "^2^g9b", "1ET50NE^2", "../..^2", "%", "%5E", "a b^2", "x" * 33 + "^2"],
)
def test_a_cookie_without_an_id_gives_no_link(cookie):
    assert link(cookies={"_clck": cookie, "_clsk": CLSK}) is None
    assert link(cookies={"_clck": CLCK, "_clsk": cookie}) is None


def test_what_the_page_says_itself_goes_before_its_cookies():
    told = {"project_id": PROJECT, "user_id": "1et50ne", "session_id": "tot0xn"}

    assert link(clarity=told) == LINK
    assert link(clarity=told, cookies={"_clck": "other^2", "_clsk": "other^1"}) == LINK
    assert link(clarity={**told, "user_id": "../admin"}) is None


def test_one_id_alone_gives_no_link():
    assert link(cookies={"_clck": CLCK}) is None
    assert link(cookies={"_clsk": CLSK}) is None


def test_without_a_project_there_is_no_link():
    assert link("", cookies={"_clck": CLCK, "_clsk": CLSK}) is None


def test_without_consent_to_analytics_there_is_no_link():
    consent = {"categoryPreferences": {"advertising": True, "analytics": False}}
    body = an_order(cookies={"_clck": CLCK, "_clsk": CLSK}, consent=consent)

    (found,) = decisions(body, MICROSOFT_CLARITY_PROJECT_ID=PROJECT)

    assert (found.verb, found.payload) == ("skip", None)


def test_the_page_shows_the_expression_that_the_rules_have():
    page = (ROOT / "docs/vendors/clarity.md").read_text("utf-8")
    rules = (ROOT / "rules/posthog.yaml").read_text("utf-8")

    def parts(text: str) -> list[str]:
        start = text.index("{{ 'https://clarity.microsoft.com/player/'")
        return re.sub(r"\s+", " ", text[start : text.index("}}", start)]).split(" if ")

    shown, used = parts(page), parts(rules)
    assert shown[0] == used[0]
    assert "consent.analytics" in shown[1]
    assert "consent.analytics" in used[1]
