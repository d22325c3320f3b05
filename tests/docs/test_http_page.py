"""docs/http.md tells of every route, as the server has them."""

from engine.api.openapi.page import http_page
from tests.docs.pages import ROOT
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

PAGE = ROOT / "docs/http.md"


def test_the_page_is_what_the_command_prints():
    page = http_page(the_reference_release(DEMO_ENV))

    assert PAGE.read_text() == page, "run: encamina docs http > docs/http.md"
