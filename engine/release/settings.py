"""What is read from the environment once, when a release is built: settings, modes, write keys."""

from collections.abc import Mapping

from engine.mapping.compile import compile_tree, compile_value
from engine.mapping.missing import MISSING
from engine.mapping.tree import parse_tree
from engine.model.cache import Caches
from engine.model.document import Document
from engine.model.finding import Finding, error, has_errors
from engine.model.jsonvalue import Body, as_body
from engine.release.scope import env_scope


def render_settings(document: Document, env: Mapping[str, str]) -> tuple[Body, list[Finding]]:
    """The ``settings:`` of a destination, with what they read from the environment filled in."""
    if document.value is None:
        return {}, []
    tree, findings = parse_tree(document)
    template, faults = compile_tree(tree, env_scope(), caches=Caches.off())
    findings += faults
    if template is None or has_errors(findings):
        return {}, findings
    rendered = template.render({"env": dict(env)})
    return as_body(rendered.value), [
        error("E312", document.place(), f"{fault.path}: {fault.message}")
        for fault in rendered.faults
    ]


def render_text(document: Document, env: Mapping[str, str]) -> tuple[str, list[Finding]]:
    """One text that may read the environment; the empty text where it ends missing."""
    if document.value is None:
        return "", []
    template, findings = compile_value(document, env_scope(), caches=Caches.off())
    if template is None:
        return "", findings
    rendered = template.render({"env": dict(env)})
    for fault in rendered.faults:
        findings.append(error("E312", document.place(), fault.message))
    value = rendered.value
    return "" if value is MISSING or value is None else str(value), findings
