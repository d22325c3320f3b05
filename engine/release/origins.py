"""Origins of pages, as they stand in files: scheme and host, as browsers write them."""

import re
from collections.abc import Mapping

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.release.settings import render_text

ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)
USUAL_PORTS = {"http": 80, "https": 443}
LAST_PORT = 65_535
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
    found = {_as_browsers_write(one) for one in SEPARATOR.split(text) if one}
    findings += [
        error(
            "E316",
            element.place(),
            f'"{one}" is no origin of pages',
            "write scheme and host alone, such as https://shop.example",
        )
        for one in sorted(found)
        if not _is_origin(one)
    ]
    return found, findings


def _as_browsers_write(text: str) -> str:
    """In lower case, without a slash at its end, and without the port that its scheme has anyway.

    ``https://shop.example:443/`` is ``https://shop.example`` to a browser.
    """
    text = text.lower().removesuffix("/")
    found = ORIGIN.fullmatch(text)
    if found is None or found[2] is None:
        return text
    port = int(found[2][1:])
    start = text[: found.start(2)]
    return start if port == USUAL_PORTS[text.partition(":")[0]] else f"{start}:{port}"


def _is_origin(text: str) -> bool:
    found = ORIGIN.fullmatch(text)
    return found is not None and (found[2] is None or 1 <= int(found[2][1:]) <= LAST_PORT)
