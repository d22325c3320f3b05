"""Names that lead from one file of a project to another."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from engine.model.document import Document, Place
from engine.model.finding import Finding, error
from engine.model.names import did_you_mean
from engine.project.derived import DerivedSpec
from engine.project.inbounds import BudgetSpec, InboundSpec
from engine.project.spec import DestinationSpec, RuleFileSpec

GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Names:
    """All names that there are, those of broken files among them, so that no fault is told twice.

    ``sources`` is None where the settings could not be read.
    """

    destinations: Collection[str]
    schemas: Collection[str]
    sources: Collection[str] | None


def check_names(
    destinations: Collection[DestinationSpec], rule_files: Collection[RuleFileSpec], names: Names
) -> list[Finding]:
    """A finding for each name that leads nowhere, or to more than one."""
    findings = [*_same_destinations(destinations), *_same_rule_files(rule_files)]
    for destination in destinations:
        document = destination.document
        findings += _contract(document.at("contract"), names)
        findings += _contract(document.at("request", "contract"), names)
        findings += _sources(document.at("sources"), names)
    for file in rule_files:
        findings += _destination(file, names)
        for rule in file.rules:
            findings += _sources(rule.document.at("match", "source"), names)
    return findings


def check_inbounds(inbounds: Collection[InboundSpec], names: Names) -> list[Finding]:
    """A finding for each name of an inbound mapping that leads nowhere, or to more than one."""
    findings: list[Finding] = []
    first: dict[str, InboundSpec] = {}
    budgets: dict[str, BudgetSpec] = {}
    for one in inbounds:
        other = first.setdefault(one.name, one)
        if other is not one:
            message = f"{other.document.file} is called {one.name} too"
            hint = "give each inbound mapping a name of its own"
            findings.append(error("E170", one.document.place("inbound"), message, hint))
        findings += _sources(one.document.at("source"), names)
        if one.post is not None:
            findings += _body_schema(one.post.document.at("body"), names)
        if one.pull is not None and one.pull.budget is not None:
            findings += _same_budget(one.pull.budget, budgets)
    return findings


def check_derived(derived: Collection[DerivedSpec], names: Names) -> list[Finding]:
    """A finding for each name of a derived file that leads nowhere, or to more than one."""
    findings: list[Finding] = []
    first: dict[str, DerivedSpec] = {}
    for one in derived:
        other = first.setdefault(one.name, one)
        if other is not one:
            message = f"{other.document.file} is called {one.name} too"
            hint = "give each file of rules/derived/ a name of its own"
            findings.append(error("E181", one.document.place("derived"), message, hint))
        for takes in (one.takes, one.without):
            if takes is not None:
                findings += _sources(takes.document.at("source"), names)
    return findings


def _same_budget(budget: BudgetSpec, budgets: dict[str, BudgetSpec]) -> Iterator[Finding]:
    """What pulls share has to be of one size, or each would spend by its own."""
    other = budgets.setdefault(budget.name, budget)
    if (other.requests, other.per_ms) != (budget.requests, budget.per_ms):
        yield error(
            "E171",
            budget.document.place(),
            f"{other.document.file} gives the budget {budget.name} another size",
            "write the same requests and per in both, or give one another name",
        )


def _same_destinations(destinations: Collection[DestinationSpec]) -> Iterator[Finding]:
    first: dict[str, DestinationSpec] = {}
    for one in destinations:
        other = first.setdefault(one.name, one)
        if other is not one:
            yield error(
                "E153",
                one.document.place("name"),
                f"{other.document.file} is called {one.name} too",
                "give each destination a name of its own",
            )


def _same_rule_files(rule_files: Collection[RuleFileSpec]) -> Iterator[Finding]:
    first: dict[str, RuleFileSpec] = {}
    for one in rule_files:
        for name, place in _served(one):
            other = first.setdefault(name, one)
            if other is not one:
                yield error(
                    "E155",
                    place,
                    f"{other.document.file} holds rules for {name} too",
                    "rules are tried in the order of one file, so keep them together",
                )


def _served(file: RuleFileSpec) -> Iterator[tuple[str, Place]]:
    """The destinations that a rule file is for, each with the place of its name."""
    document = file.document.at("destination")
    parts = [*document.elements()] or [document]
    for name, part in zip(file.destinations, parts, strict=True):
        yield name, part.place()


def _contract(document: Document, names: Names) -> Iterator[Finding]:
    path = document.value
    if isinstance(path, str) and path not in names.schemas:
        hint = did_you_mean(path, names.schemas) or "write that schema, or leave contract: out"
        yield error("E152", document.place(), f"there is no file {path}", hint)


def _body_schema(document: Document, names: Names) -> Iterator[Finding]:
    path = document.value
    if isinstance(path, str) and path not in names.schemas:
        hint = did_you_mean(path, names.schemas) or "write that schema, or leave body: out"
        yield error("E152", document.place(), f"there is no file {path}", hint)


def _destination(file: RuleFileSpec, names: Names) -> Iterator[Finding]:
    for name, place in _served(file):
        if name not in names.destinations:
            hint = did_you_mean(name, names.destinations) or f"write destinations/{name}.yaml"
            yield error("E151", place, f"there is no destination {name}", hint)


def _sources(document: Document, names: Names) -> Iterator[Finding]:
    if names.sources is None:
        return
    for one in [*document.elements()] or [document]:
        name = one.value
        if not isinstance(name, str) or GLOB & set(name) or name in names.sources:
            continue
        hint = did_you_mean(name, names.sources) or f"known are {', '.join(names.sources)}"
        yield error("E157", one.place(), f"there is no source {name} in encamina.yaml", hint)
