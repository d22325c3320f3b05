"""Tables and settings are the same for every event: written into the code, they say the same."""

from dataclasses import replace
from typing import Any

import pytest

from engine.mapping.compile import ScopeSpec
from tests.unit.mapping.projects import compiled

FIXED: dict[str, Any] = {
    "tables": {"paid": {"yes": True, "no": False}, "codes": [1, 2]},
    "settings": {"country": "co", "days": 7, "on": True, "off": False, "empty": "", "far": "x" * 9},
}
EVENT: dict[str, Any] = {
    "properties": {"phone": "300 765 4321", "days": 7, "on": True, "name": "Ana María", "n": None}
}
SCOPE = ScopeSpec(frozenset({"properties", "tables", "settings"}))
EXPRESSIONS = [
    "properties.phone | normalize_phone(settings.country)",
    "properties.phone | normalize_phone(settings.absent | default(settings.country))",
    "properties.phone | normalize_phone(settings.days)",
    "properties.name | truncate(settings.days)",
    "properties.name | truncate(settings.country)",
    "properties.name | truncate(settings.absent)",
    "properties.absent | default(settings.country)",
    "properties.absent | default(settings.empty)",
    "properties.name | person_id(tables.paid, settings.days)",
    "properties.name | person_id(tables.absent, 100)",
    "properties.name | person_id(tables.codes, 100)",
    "properties.days == settings.days",
    "properties.on == settings.on",
    "settings.on == true",
    "settings.off == true",
    "settings.days == true",
    "properties.on == true",
    "properties.days == true",
    "properties.absent == false",
    "settings.absent == properties.absent",
    "settings.country | upper",
    "tables.paid[properties.name]",
    "tables.paid.yes",
    "tables.codes[1]",
    "tables.codes[5]",
    "settings.on and settings.country",
    "'yes' if settings.off else settings.days + 1",
    "'yes' if settings.empty else 'no'",
    "settings.country ~ '-' ~ settings.days",
    "settings.far[0]",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_fixed_gives_what_a_look_up_gives(expression):
    tree = {"a": "{{ " + expression + " }}", "b": ["{{ [" + expression + "] }}"]}
    looked_up, fixed = compiled(tree, SCOPE), compiled(tree, replace(SCOPE, fixed=FIXED))

    told = fixed.render(EVENT)

    assert told == looked_up.render({**FIXED, **EVENT})
    assert repr(told.value) == repr(looked_up.render({**FIXED, **EVENT}).value)


def test_an_event_never_changes_what_is_fixed():
    template = compiled({"a": "{{ tables.paid }}"}, replace(SCOPE, fixed=FIXED))

    assert template.render({"tables": {"paid": {"yes": 1}}}).value == {"a": FIXED["tables"]["paid"]}
