"""The pull and the post that the page builds give the events that the page shows."""

import json

import pytest

from cli.project import load
from engine.authoring.dry_inbound import dry_inbound
from engine.model.cache import Caches
from engine.model.clock import from_iso
from engine.model.verdict import Accepted
from engine.pipeline.inbound import events_of
from tests.docs.pages import ROOT, blocks
from tests.support.processes import a_project

NOW = from_iso("2026-11-24T15:00:05Z")
PAGE = ROOT / "docs/inbound.md"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    project = a_project(tmp_path_factory.mktemp("page"))
    for block in blocks(PAGE, "yaml"):
        (project / block.file).write_text(block.text)
    _, release, _ = load(project, Caches.on())
    return release


def shown():
    return [json.loads(block.text) for block in blocks(PAGE, "json")]


def test_the_body_that_is_fetched_gives_the_event_that_the_page_shows(release):
    body, event, *_ = shown()
    mapping = release.inbound("erp-stock")

    made = list(events_of(mapping, body, NOW, mapping.pull.planned_at(NOW)))

    assert [one.faults for one in made] == [(), ()]
    assert made[0].body == event


def test_the_body_that_is_posted_gives_the_event_that_the_page_shows(release):
    *_, body, event = shown()
    mapping = release.inbound("warehouse-parcel")

    made = list(dry_inbound(release, mapping, body, NOW))

    assert [one.faults for one in made] == [()]
    assert isinstance(made[0].verdict, Accepted)
    assert made[0].body == event
