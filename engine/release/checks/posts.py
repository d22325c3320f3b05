"""Posted bodies: paths and patterns that collide, secrets in clear, signatures nobody can check."""

from collections.abc import Iterator

from engine.mapping.tokens import has_expression
from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.inbounds import InboundSpec, PostSpec
from engine.project.spec import Project

OURS = (
    *("/v1", "/beacon", "/pixel", "/sourceconfig"),  # docs/clients.md
    *("/ingest", "/admin", "/console", "/healthz", "/readyz", "/metrics", "/openapi.json"),
)
"""Paths that are served already, and all that is below them."""


def check_posts(project: Project) -> list[Finding]:
    """Findings about what could not be reached, or by anybody."""
    findings: list[Finding] = []
    paths: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for spec in project.inbounds:
        if spec.post is None:
            continue
        findings += _paths(spec, spec.post, paths)
        if spec.post.pattern is not None:
            place = spec.post.document.at("pattern")
            findings += _twice(spec.name, spec.post.pattern, place, patterns)
        if spec.post.signature is not None:
            findings += _in_clear(spec.post.signature.secret)
    return findings


def _paths(spec: InboundSpec, post: PostSpec, taken: dict[str, str]) -> Iterator[Finding]:
    document = post.document.at("paths")
    parts = [*document.elements()] or [document]
    for path, part in zip(post.paths, parts, strict=False):
        folded = path.rstrip("/").lower()
        if any(folded == ours or folded.startswith(f"{ours}/") for ours in OURS):
            hint = "take a path of your own, such as /hooks/orders; /ingest/NAME is there anyway"
            yield error("E174", part.place(), f"{path} is a path of Encamina's own", hint)
        yield from _twice(spec.name, folded, part, taken)


def _twice(name: str, text: str, part: Document, taken: dict[str, str]) -> Iterator[Finding]:
    other = taken.setdefault(text, name)
    if other != name:
        message = f"{part.value} leads to {other} already"
        yield error("E175", part.place(), message, "give each inbound mapping its own")


def _in_clear(secret: Document) -> Iterator[Finding]:
    if isinstance(secret.value, str) and not has_expression(secret.value):
        # What was found is not shown: it is a secret.
        hint = "write {{ env.NAME }}, and the secret into the environment"
        yield error("E176", secret.place(), "a secret stands in the file", hint)
