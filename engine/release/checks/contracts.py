"""What a contract demands at the top of a payload and a rule never gives."""

from collections.abc import Iterator

from engine.mapping.tree import Branch
from engine.model.finding import Finding, error
from engine.project.spec import Project
from engine.release.destination import Destination
from engine.release.release import Release
from engine.release.routes import Rule
from engine.schema.fields import Fields


def check_contracts(project: Project, release: Release) -> list[Finding]:
    """An error for each rule all of whose payloads would break their contract."""
    schemas = {path: file.schema for path, file in project.schemas.items()}
    findings: list[Finding] = []
    for destination in release.destinations:
        if destination.contract_path is not None:
            demanded = Fields(destination.contract_path, schemas).required()
            for rule in destination.routes.rules:
                findings += _never_given(rule, destination, demanded)
    return findings


def _never_given(
    rule: Rule, destination: Destination, demanded: frozenset[str]
) -> Iterator[Finding]:
    tree = rule.tree
    if not isinstance(tree, Branch) or tree.uses or tree.merged is not None:
        return
    for name in sorted(demanded - tree.members.keys()):
        yield error(
            "E320",
            rule.place,
            f"rule {rule.name} gives no {name}, which {destination.contract_path} demands",
            f"add {name} to the payload of the rule or to defaults",
        )
