"""The ``responses:`` of a destination, compiled: what each answer of the vendor means."""

from dataclasses import dataclass

from engine.mapping.compile import Condition, Template, compile_condition, compile_value
from engine.model.cache import Caches
from engine.model.document import Document
from engine.model.finding import Finding, has_errors
from engine.project.spec import DestinationSpec, ResponseSpec
from engine.release.scope import RESPONSE_NAMES, scope


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One line: when it holds, ``then`` is the outcome; ``failed`` narrows it to some payloads."""

    when: Condition
    then: str
    after: Template | None
    reason: Template | None
    failed: Template | None
    rest: str | None


def compile_answers(
    spec: DestinationSpec, caches: Caches
) -> tuple[tuple[AnswerLine, ...], list[Finding]]:
    """The compiled lines in file order; those with faults are left out and told."""
    lines = []
    findings: list[Finding] = []
    for response in spec.responses:
        line, faults = _compile_line(response, spec, caches)
        findings += faults
        if line is not None:
            lines.append(line)
    return tuple(lines), findings


def _compile_line(
    response: ResponseSpec, spec: DestinationSpec, caches: Caches
) -> tuple[AnswerLine | None, list[Finding]]:
    names = scope(RESPONSE_NAMES, tables=spec.tables, settings=spec.settings)
    findings: list[Finding] = []

    def optional(document: Document) -> Template | None:
        if document.value is None:
            return None
        template, faults = compile_value(document, names, caches=caches)
        findings.extend(faults)
        return template

    when, faults = compile_condition(response.when, names, caches=caches)
    after, reason, failed = map(optional, (response.after, response.reason, response.failed))
    findings += faults
    if when is None or has_errors(findings):
        return None, findings
    return AnswerLine(when, response.then, after, reason, failed, response.rest), findings
