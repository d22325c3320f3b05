"""Why a payload breaks its contract, each breach with the line of the rule that wrote the value."""

from engine.mapping.tree import place_in
from engine.model.decision import Fault
from engine.model.jsonvalue import Body
from engine.release.routes import Rule
from engine.schema.validator import Validator


def breaches(contract: Validator, rule: Rule, body: Body) -> tuple[Fault, ...]:
    """The breaches of ``contract`` by ``body``, which ``rule`` made."""
    return tuple(
        Fault(reason.path, reason.message, *_place(rule, reason.path))
        for reason in contract.reasons(body)
    )


def _place(rule: Rule, path: str) -> tuple[str, int]:
    place = (place_in(rule.tree, path) if rule.tree else None) or rule.place
    return place.file, place.line
