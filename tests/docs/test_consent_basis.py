"""The page about the shop's routes tells all that is recorded of whose word consent was."""

import re

from engine.ingest import assumed
from engine.pipeline.derive import CAUSE
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/shop-routes.md").read_text()


def test_every_basis_of_consent_is_on_the_page():
    told = re.search(r"`context\.consent\.basis` records (.+)", PAGE)

    assert told is not None
    named = set(re.findall(r"`([a-z]+)`", told[1]))
    assert {assumed.EVENT, assumed.PERSON, assumed.SOURCE, CAUSE} <= named


def test_the_settings_say_of_all_posted_bodies_that_the_default_holds_for_them():
    settings = (ROOT / "encamina.yaml").read_text()
    comment = settings[: settings.index("consent:")].rpartition("unplanned:")[2]

    assert "/analytics/track/*" in comment
    assert "/ingest/*" in comment
    assert "NestJS" in comment
