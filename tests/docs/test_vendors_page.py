"""docs/vendors/README.md tells what each destination is sent, by the rules themselves."""

from engine.authoring.sent import destinations_page
from tests.docs.pages import ROOT
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

PAGE = ROOT / "docs/vendors/README.md"


def test_the_page_is_what_the_command_prints():
    page = destinations_page(the_reference_release(DEMO_ENV))

    assert PAGE.read_text() == page, "run: encamina docs destinations > docs/vendors/README.md"
