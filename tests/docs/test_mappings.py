"""docs/mappings.md: what its examples say is what the language gives."""

import json

import pytest

from engine.mapping.compile import Rendered, Template, compile_tree, compile_value
from engine.mapping.missing import MISSING
from engine.mapping.tree import parse_tree
from engine.model.cache import Caches
from engine.model.clock import Millis, from_iso
from engine.model.document import Document
from engine.model.event import Inbound, Source
from engine.pipeline.normalise import normalise
from engine.pipeline.scope import at, view
from engine.project.yamlfile import read_yaml
from engine.release.scope import RULE_NAMES, scope
from tests.docs.pages import ROOT, Block, blocks

PAGE = ROOT / "docs/mappings.md"
NOTHING = Document("", None, {}, {})
NAMES = scope(RULE_NAMES, tables=NOTHING, settings=NOTHING)
NOW = from_iso("2026-11-24T15:00:05Z") or Millis(0)
SHOP = Source("shop")


def the_event() -> dict:
    return json.loads(blocks(PAGE, "json")[0].text)


def rendered(template: Template) -> Rendered:
    body = the_event()
    event = normalise(Inbound(SHOP, body, NOW), body)
    return template.render({**view(event, SHOP), "now": at(NOW), "part": 0})


def expressions() -> list[tuple[str, str]]:
    lines = [line for block in blocks(PAGE, "text") for line in block.text.splitlines()]
    return [tuple(part.strip() for part in line.split("→")) for line in lines]


def mappings() -> list[tuple[Block, Block]]:
    """Each mapping of the page with the block behind it, which says what it gives."""
    found = blocks(PAGE)
    return [(one, found[n + 1]) for n, one in enumerate(found) if one.language == "yaml"]


@pytest.mark.parametrize(("expression", "gives"), expressions())
def test_an_expression_gives_what_the_page_says(expression, gives):
    document, findings = read_yaml(PAGE.name, json.dumps(f"{{{{ {expression} }}}}").encode())
    template, faults = compile_value(document, NAMES, caches=Caches.off())

    assert findings + faults == []
    result = rendered(template)

    if gives == "fault":
        assert result.faults
    elif gives == "missing":
        assert (result.value, result.faults) == (MISSING, ())
    else:
        assert (json.dumps(result.value), result.faults) == (json.dumps(json.loads(gives)), ())


@pytest.mark.parametrize(("written", "gives"), mappings(), ids=lambda block: block.where)
def test_a_mapping_gives_the_payload_below_it(written, gives):
    document, findings = read_yaml(written.where, written.text.encode())
    tree, faults = parse_tree(document.at("payload"))
    fragments = {name: parse_tree(part)[0] for name, part in document.at("fragments").items()}
    template, more = compile_tree(tree, NAMES, fragments=fragments, caches=Caches.off())

    assert findings + faults + more == []
    result = rendered(template)

    assert (result.value, result.faults) == (json.loads(gives.text), ())


def test_the_page_has_examples_of_both_kinds():
    assert len(expressions()) > 20
    assert len(mappings()) == 3
