"""The page about the memory of people tells all that is remembered."""

import re

from engine.pipeline.browser import COOKIES, IN_URLS, KEYS, PREFIXES
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/people.md").read_text()


def test_every_value_of_a_browser_that_is_remembered_is_on_the_page_and_no_other():
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| ")][2:]
    told = {
        column: {name for row in rows for name in re.findall(r"`([^`]+)`", row[column])}
        for column in (2, 3)
    }

    assert told[2] == set(KEYS)
    assert told[3] == set(COOKIES) | {f"{prefix}…" for prefix in PREFIXES}
    assert set(IN_URLS) <= set(KEYS)
