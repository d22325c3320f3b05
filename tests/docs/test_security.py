"""SECURITY.md names the tests that hold its sentences."""

import re

from tests.docs.pages import ROOT

PAGE = ROOT / "SECURITY.md"


def test_every_test_that_the_page_names_is_there():
    named = re.findall(r"tests/[\w/]+\.py", PAGE.read_text())

    assert len(named) >= 8
    assert [name for name in named if not (ROOT / name).is_file()] == []
