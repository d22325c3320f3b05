"""docs/filters.md tells of every filter, as declared."""

from engine.authoring.reference import filters_page
from engine.mapping.filters.catalogue import FILTERS, TESTS
from tests.docs.pages import ROOT

PAGE = ROOT / "docs/filters.md"


def test_the_page_is_what_the_command_prints():
    assert PAGE.read_text() == filters_page(), "run: encamina docs filters > docs/filters.md"


def test_every_filter_and_test_has_its_row():
    rows = [line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    assert [row.partition("(")[0] for row in rows] == [*FILTERS, *TESTS]
