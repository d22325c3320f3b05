"""docs/analytics.md and docs/nest.md tell of every question, and of paging alike."""

import pytest

from engine.store.arguments import cursor_at
from engine.store.questions import QUESTIONS
from tests.docs.pages import ROOT

ANALYTICS = (ROOT / "docs/analytics.md").read_text()
NEST = (ROOT / "docs/nest.md").read_text()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_every_question_stands_on_both_pages(question):
    assert f"`{question.pattern}`" in NEST
    assert f"| `{question.pattern}` |" in ANALYTICS
    assert f"| `{question.name.replace('_', '-')}` | `{question.path}" in ANALYTICS


def test_the_cursor_that_callers_make_is_the_one_that_links_have():
    cursor = cursor_at(1795554363120, "549f7e376446660effd38b7c")
    assert f"`{cursor}`" in ANALYTICS
    assert "const cursor = `${last.timestamp}_${last._id}`;" in NEST
    assert "`to` set to" not in ANALYTICS
