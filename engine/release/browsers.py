"""What browsers may do here, by source: from which pages they send, and which cookies they get."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.model.event import SourceKind
from engine.model.finding import Finding, error
from engine.project.cookies import CookiesSpec
from engine.project.spec import Project, SourceSpec
from engine.release.origins import ORIGIN, read_origins
from engine.release.settings import render_text

PUBLIC_URL = re.compile(ORIGIN.pattern + r"(/[\w.~/-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages that send as a source: their origins, and the cookies they are given, if any."""

    origins: frozenset[str] = frozenset()
    cookies: CookiesSpec | None = None


NO_PAGES = Pages()


@dataclass(frozen=True, slots=True)
class Browsers:
    """``sources`` by name; ``origins`` is what any of them lists.

    ``public_url`` is where browsers reach this server, without a slash at its end; the empty text
    where that is told by each request.
    """

    sources: Mapping[str, Pages] = field(default_factory=dict)
    origins: frozenset[str] = frozenset()
    public_url: str = ""

    def pages_of(self, source: str) -> Pages:
        """The pages of a source."""
        return self.sources.get(source, NO_PAGES)


def build_browsers(project: Project) -> tuple[Browsers, list[Finding]]:
    """What the settings say of browsers, and what is wrong with it."""
    sources: dict[str, Pages] = {}
    findings: list[Finding] = []
    for spec in project.spec.sources:
        origins, faults = read_origins(spec.document.at("origins"), project.env)
        findings += [*faults, *_misplaced(spec)]
        sources[spec.name] = Pages(origins, spec.cookies)
    everywhere = frozenset().union(*(one.origins for one in sources.values()))
    public_url, faults = _public_url(project)
    return Browsers(sources, everywhere, public_url), findings + faults


def _misplaced(spec: SourceSpec) -> Iterator[Finding]:
    if spec.kind is SourceKind.BROWSER:
        return
    for name in ("origins", "cookies"):
        if spec.document.at(name).value is not None:
            message = f"source {spec.name} is of kind server, and {name} are for browsers"
            hint = "give pages a source of their own with kind: browser"
            yield error("E350", spec.document.key_place(name), message, hint)


def _public_url(project: Project) -> tuple[str, list[Finding]]:
    document = project.spec.document.at("server", "public_url")
    text, findings = render_text(document, project.env)
    url = text.strip().removesuffix("/")
    if not url or PUBLIC_URL.fullmatch(url):
        return url, findings
    message = f'server.public_url: "{url}" is no address of a server'
    hint = "write scheme, host and at most a path, such as https://events.shop.example"
    return "", [*findings, error("E351", document.place(), message, hint)]
