"""The ``mailbox:`` of a destination, compiled: whose payloads wait for a browser session."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.spec import MailboxSpec
from engine.release.settings import render_text

ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)
SEPARATOR = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How payloads wait: ``key`` is the path of the session's key in a payload.

    ``origins`` are written as browsers write them in the ``Origin`` header.
    """

    key: tuple[str, ...]
    keep_ms: int
    max_pending: int
    origins: frozenset[str]


def compile_mailbox(spec: MailboxSpec, env: Mapping[str, str]) -> tuple[Mailbox, list[Finding]]:
    """The mailbox, and a finding for each origin that is none."""
    origins: set[str] = set()
    findings: list[Finding] = []
    for element in spec.origins.elements():
        found, faults = _origins(element, env)
        origins |= found
        findings += faults
    key = tuple(spec.key.split("."))
    return Mailbox(key, spec.keep_ms, spec.max_pending, frozenset(origins)), findings


def _origins(element: Document, env: Mapping[str, str]) -> tuple[set[str], list[Finding]]:
    """The origins of one text: a variable of the environment may name several, with commas."""
    text, findings = render_text(element, env)
    found = {one.lower().removesuffix("/") for one in SEPARATOR.split(text) if one}
    findings += [
        error(
            "E316",
            element.place(),
            f'"{one}" is no origin of pages',
            "write scheme and host alone, such as https://shop.example",
        )
        for one in sorted(found)
        if not ORIGIN.fullmatch(one)
    ]
    return found, findings
