"""Origins of pages, as they stand in files: scheme and host, as browsers write them."""

import re
from collections.abc import Mapping

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.release.settings import render_text

ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)
SEPARATOR = re.compile(r"[\s,]+")


def read_origins(
    document: Document, env: Mapping[str, str]
) -> tuple[frozenset[str], list[Finding]]:
    """The origins of a list, and a finding for each that is none."""
    origins: set[str] = set()
    findings: list[Finding] = []
    for element in document.elements():
        found, faults = _origins(element, env)
        origins |= found
        findings += faults
    return frozenset(origins), findings


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
