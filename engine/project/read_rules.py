"""A file of ``rules/`` as a typed record."""

from collections.abc import Iterator

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.fields import Units, optional_text, text_of, texts_of
from engine.project.spec import MatchSpec, RuleFileSpec, RuleSpec


def read_rules(document: Document) -> tuple[RuleFileSpec | None, list[Finding]]:
    """The rule file, or None with the findings; the document has the right shape."""
    units = Units()
    spec = RuleFileSpec(
        destinations=texts_of(document.at("destination")),
        tables=document.at("tables"),
        fragments=document.at("fragments"),
        defaults=document.at("defaults"),
        rules=tuple(_rule(one, units) for one in document.at("rules").elements()),
        document=document,
    )
    findings = [*units.findings, *_same_names(spec), *_purposes(spec)]
    return None if findings else spec, findings


def _rule(document: Document, units: Units) -> RuleSpec:
    match = document.at("match")
    return RuleSpec(
        name=text_of(document.at("name")),
        match=MatchSpec(
            type=texts_of(match.at("type")),
            event=texts_of(match.at("event")),
            source=texts_of(match.at("source")),
        ),
        when=document.at("when"),
        each=document.at("each"),
        also=document.at("also").value is True,
        drop=optional_text(document.at("drop")),
        payload=document.at("payload"),
        window_ms=units.milliseconds(document.at("window"), None),
        document=document,
    )


def _same_names(spec: RuleFileSpec) -> Iterator[Finding]:
    """Records and reports know a rule by its name, so each file has a name once."""
    first: dict[str, RuleSpec] = {}
    for rule in spec.rules:
        other = first.setdefault(rule.name, rule)
        if other is not rule:
            line = other.document.place("name").line
            yield error(
                "E154",
                rule.document.place("name"),
                f"a rule in line {line} is called {rule.name} too",
                "give each rule of a file a name of its own",
            )


def _purposes(spec: RuleFileSpec) -> Iterator[Finding]:
    has_default = spec.defaults.at("payload").value is not None
    for rule in spec.rules:
        has_payload = rule.payload.value is not None
        if rule.drop is not None and has_payload:
            message = f"rule {rule.name} has a payload and drops the event"
            yield error("E158", rule.document.key_place("drop"), message, "keep one of the two")
        elif rule.drop is None and not has_payload and not has_default:
            yield error(
                "E158",
                rule.document.place("name"),
                f"rule {rule.name} has no payload",
                "write payload:, or drop: with the reason why nothing is sent",
            )
