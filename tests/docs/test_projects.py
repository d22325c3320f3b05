"""Pages that build a project: their files, laid over the reference project, have no findings."""

import json

import pytest
import yaml

from cli.project import load
from engine.authoring.dry_run import dry_run
from engine.model.cache import Caches
from engine.model.clock import from_iso
from engine.model.decision import Verb
from engine.model.event import Source
from tests.docs.pages import ROOT, Block, blocks, name_of, pages
from tests.support.processes import a_project

NOW = from_iso("2026-11-24T15:00:05Z")
CACHES = Caches.on()
"""What all pages share is read once."""

PAGES = [page for page in pages() if any(block.file for block in blocks(page, "yaml"))]


def write(project, block: Block) -> None:
    """A block as its file; one that begins with a rule goes under ``rules:`` of the file.

    Of encamina.yaml, pages show the keys that they are about.
    """
    path = project / block.file
    if block.text.startswith("  - name:"):
        path.write_text(path.read_text().replace("\nrules:\n", f"\nrules:\n{block.text}\n", 1))
    elif block.file == "encamina.yaml" and "version:" not in block.text:
        settings = merged(yaml.safe_load(path.read_text()), yaml.safe_load(block.text))
        path.write_text(yaml.safe_dump(settings, sort_keys=False))
    else:
        path.write_text(block.text)


def merged(settings, some):
    """The settings with some of them written over."""
    if not (isinstance(settings, dict) and isinstance(some, dict)):
        return some
    return settings | {name: merged(settings.get(name), one) for name, one in some.items()}


def built(page, folder):
    project = a_project(folder)
    for block in blocks(page, "yaml"):
        if block.file:
            write(project, block)
    return load(project, CACHES)


def test_readme_and_the_page_of_destinations_build_one():
    assert {"README.md", "docs/destinations.md"} <= {name_of(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_files_of_a_page_have_no_findings(page, tmp_path):
    _, release, findings = built(page, tmp_path)

    assert [str(one) for one in findings] == []
    assert release is not None


def test_the_new_destination_gets_the_payload_that_the_page_shows(tmp_path):
    page = ROOT / "docs/destinations.md"
    event, payload = (json.loads(block.text) for block in blocks(page, "json"))
    _, release, _ = built(page, tmp_path)

    dry = dry_run(release, event, Source("shop"), NOW, frozenset({"erp"}))

    [(_, decision)] = dry.decisions
    assert (decision.verb, decision.faults) == (Verb.SEND, ())
    assert decision.payload.body == payload
