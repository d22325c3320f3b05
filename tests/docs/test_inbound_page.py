"""The pull that the page builds gives the event that the page shows."""

import json

from cli.project import load
from engine.model.cache import Caches
from engine.model.clock import from_iso
from engine.pipeline.inbound import events_of
from tests.docs.pages import ROOT, blocks
from tests.support.processes import a_project

NOW = from_iso("2026-11-24T15:00:05Z")


def test_the_body_of_the_page_gives_the_event_that_it_shows(tmp_path):
    page = ROOT / "docs/inbound.md"
    body, shown = (json.loads(block.text) for block in blocks(page, "json"))
    project = a_project(tmp_path)
    for block in blocks(page, "yaml"):
        (project / block.file).write_text(block.text)
    _, release, _ = load(project, Caches.off())
    mapping = release.inbound("erp-stock")

    made = list(events_of(mapping, body, NOW, mapping.pull.planned_at(NOW)))

    assert [one.faults for one in made] == [(), ()]
    assert made[0].body == shown
