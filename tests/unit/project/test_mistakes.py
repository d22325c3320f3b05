"""Seeded mistakes: each folder of tests/cases/mistakes changes some files of the minimal project.

A case holds those files (``.env`` under the name ``dotenv``) and ``expect.json``, the findings in
order: file, line, column, code, a part of the message and, where it matters, of the hint.
"""

import json
import shutil
from pathlib import Path

import pytest

from engine.model.finding import Finding, in_order
from tests.support.releases import findings_of

TESTS = Path(__file__).parents[2]
MINIMAL = TESTS / "data/projects/minimal"
CASES = sorted((TESTS / "cases/mistakes").iterdir())


def findings_in(folder: Path) -> list[Finding]:
    """What is said of the project in ``folder``."""
    return in_order(findings_of(folder, {})[1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_seeded_mistake_is_told_with_its_place_and_what_to_do(case, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(MINIMAL, project)
    shutil.copytree(case, project, dirs_exist_ok=True)
    expected = json.loads((project / "expect.json").read_text("utf-8"))
    if (project / "dotenv").exists():
        (project / "dotenv").rename(project / ".env")

    findings = findings_in(project)

    told = "\n".join(str(finding) for finding in findings)
    assert len(findings) == len(expected), told
    for finding, want in zip(findings, expected, strict=True):
        found = finding.as_json()
        assert {key: found[key] for key in ("file", "line", "column", "code")} == {
            key: want[key] for key in ("file", "line", "column", "code")
        }, told
        assert want["message"] in finding.message, told
        assert want.get("hint", "") in finding.hint, told


def test_the_project_that_the_cases_change_has_no_mistake():
    assert findings_in(MINIMAL) == []
