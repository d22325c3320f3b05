"""Where requests go: no event chooses the host, and no setting slips another one in.

A URL is looked at twice. As written: what an event can change stands behind the host, each piece
through ``| url_part``. As it is with this environment: a plain http or https address. At run time
``pipeline/request`` looks once more at a URL that reads an event.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from engine.mapping import syntax
from engine.mapping.compile import compile_value
from engine.mapping.expression import read_text
from engine.mapping.scope import ScopeSpec
from engine.mapping.tokens import Text, has_expression
from engine.model.cache import Caches
from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Body, as_body
from engine.project.inbounds import PullSpec
from engine.project.spec import DestinationSpec, Project
from engine.release.scope import PULL_NAMES, RAW_BODY, REQUEST_NAMES, scope
from engine.release.settings import render_settings

OURS = frozenset({"env", "settings", "tables", "now", "attempt", "pull"})
"""Names whose values come from the project and its environment, never from an event."""

ENCODES = "url_part"

UNKNOWN = "\0"
"""Stands for a text that is known only with an environment."""

CLOSED_HOST = re.compile(r"(?:[^/?#]*://[^/?#]+|\0[^/?#]*(?=[?#]|/(?!/)))[/?#]")
"""A URL's beginning in which the host has ended; what is unknown may be the scheme and the host."""

MOVED_BY_A_HEADER = frozenset({"host", "forwarded", "x-forwarded-host", "x-original-url"})
"""Headers by which servers and proxies choose a host or a path, whatever the URL says."""

NOT_PLAIN = re.compile(r"[\s\\\x00-\x1f\x7f]")


def check_urls(project: Project) -> list[Finding]:
    """A finding for each address that an event could change, or that is none."""
    findings: list[Finding] = []
    for spec in project.destinations:
        requests = [spec.request, *([spec.verify.request] if spec.verify else ())]
        for request in requests:
            findings += _steered(request.url, _names(spec, REQUEST_NAMES))
            findings += _steered_headers(request.headers, _names(spec, [*REQUEST_NAMES, RAW_BODY]))
            findings += _not_plain(request.url, spec, REQUEST_NAMES, project)
        if spec.auth is not None:
            findings += _not_plain(spec.auth.token_url, spec, ["env"], project)
    for inbound in project.inbounds:
        if inbound.pull is not None:
            findings += _steered(inbound.pull.request.url, _names(inbound.pull, PULL_NAMES))
            findings += _not_plain(inbound.pull.request.url, inbound.pull, PULL_NAMES, project)
    return findings


def plain_fault(url: str) -> str:
    """In words why requests may not go to this address; the empty text for a plain one."""
    if NOT_PLAIN.search(url):
        return "it has a space, a backslash or a control character"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "its host or port can't be read"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "it is no http:// or https:// with a host"
    if "@" in parts.netloc:
        return "it has an @ before its path, so that its host is not where it seems to be"
    steps = re.sub("%2e", ".", parts.path, flags=re.IGNORECASE).split("/")
    if "." in steps or ".." in steps:
        return "its path has a step . or .., so that it leads elsewhere"
    return ""


def _names(spec: DestinationSpec | PullSpec, names: list[str]) -> ScopeSpec:
    return scope(names, tables=spec.tables, settings=spec.settings)


def _steered(url: Document, names: ScopeSpec) -> list[Finding]:
    """Findings for what an event can change in a URL, as written."""
    findings: list[Finding] = []
    before = ""
    for piece in _pieces(url, names):
        if isinstance(piece, syntax.Constant):
            before += str(piece.value)
        elif not _reads_data(piece):
            before += UNKNOWN
        elif not CLOSED_HOST.match(before):
            return [
                error(
                    "E313",
                    url.place(),
                    "the host of this URL could be chosen by an event",
                    "take the host from settings or env",
                )
            ]
        elif not (isinstance(piece, syntax.Filter) and piece.spec.name == ENCODES):
            findings = [
                error(
                    "E317",
                    url.place(),
                    "an event could change where this URL leads",
                    f"end what is read of the event with | {ENCODES}, or write it as params:",
                )
            ]
    return findings


def _steered_headers(headers: Document, names: ScopeSpec) -> Iterator[Finding]:
    for name, value in headers.items():
        if name.casefold() in MOVED_BY_A_HEADER and any(
            _reads_data(piece) for piece in _pieces(value, names)
        ):
            yield error(
                "E313",
                value.place(),
                f"the header {name} could be chosen by an event, and with it the host",
                "take it from settings or env",
            )


def _pieces(document: Document, names: ScopeSpec) -> Iterator[syntax.Expression]:
    """The pieces of a text in order; none where it can't be read, which is told elsewhere."""
    text = document.value
    if not isinstance(text, str):
        return
    if not has_expression(text):
        yield syntax.Constant(text)
        return
    reading, _ = read_text(Text.of(document), names)
    if reading is not None:
        yield from _flat(reading.expression)


def _flat(expression: syntax.Expression) -> Iterator[syntax.Expression]:
    match expression:
        case syntax.Joined(parts):
            for part in parts:
                yield from _flat(part)
        case _:
            yield expression


def _reads_data(expression: syntax.Expression) -> bool:
    """Whether the value depends on an event, in whatever way."""
    if isinstance(expression, syntax.Name):
        return expression.name not in OURS
    return any(_reads_data(part) for part in syntax.parts_of(expression))


def _not_plain(
    url: Document, spec: DestinationSpec | PullSpec, names: list[str], project: Project
) -> list[Finding]:
    """A finding where the address is none with this environment; what isn't set is not told."""
    settings, faults = render_settings(spec.settings, project.env)
    template, more = compile_value(url, _names(spec, names), caches=Caches.off())
    if url.value is None or template is None or faults or more:
        return []
    if not OURS.issuperset(template.names):
        return []
    known: Body = {
        "env": dict(project.env),
        "settings": settings,
        "tables": as_body(spec.tables.value),
        "now": "1970-01-01T00:00:00.000Z",
        "attempt": 1,
        "pull": {"at": "1970-01-01T00:00:00.000Z"},
    }
    value = template.render(known).value
    fault = plain_fault(value) if isinstance(value, str) else ""
    if not fault:
        return []
    return [
        error(
            "E318",
            url.place(),
            f"no request can go to this URL: {fault}",
            "write the host as it is; a name and password go in a header",
        )
    ]
