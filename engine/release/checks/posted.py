"""What mappings read of a post: headers that never come, fields that the body doesn't have."""

from collections.abc import Iterable, Iterator

from engine.mapping.compile import Read
from engine.model.finding import Finding, error, warning
from engine.model.names import did_you_mean
from engine.project.spec import Project
from engine.release.checks.fields import unknown_step
from engine.release.inbound import InboundMapping
from engine.release.posts import SECRET_HEADERS, Post
from engine.release.release import Release
from engine.schema.fields import Fields


def check_posted(project: Project, release: Release) -> list[Finding]:
    """Findings about look-ups that can't give anything, whatever is posted."""
    schemas = {path: file.schema for path, file in project.schemas.items()}
    findings: list[Finding] = []
    for mapping in release.inbounds:
        if mapping.post is None:
            continue
        reads = [*_reads(mapping, mapping.post)]
        findings += _headers([*reads, *_of_signature(mapping.post)])
        if mapping.post.body is not None:
            body = mapping.post.body.path
            findings += _fields(reads, body, Fields(body, schemas))
    return findings


def _reads(mapping: InboundMapping, post: Post) -> Iterator[Read]:
    yield from mapping.template.reads
    for each in mapping.each:
        yield from each.reads
    for one in post.warnings:
        yield from one.when.reads
    if mapping.otherwise is not None:
        yield from mapping.otherwise.reads


def _of_signature(post: Post) -> Iterator[Read]:
    if post.signature is None:
        return
    for template in (post.signature.given, post.signature.signed, post.signature.at):
        if template is not None:
            yield from template.reads


def _headers(reads: Iterable[Read]) -> Iterator[Finding]:
    for read in reads:
        if read.path[0] != "headers" or len(read.path) < 2:
            continue
        name, place = read.path[1], read.places[1] if len(read.places) > 1 else read.place
        if name.lower() in SECRET_HEADERS:
            hint = "headers that hold secrets are read by no mapping"
            yield error("E209", place, f'no "{name}" in headers', hint)
        elif name != name.lower():
            hint = f'names of headers stand in lower case: write "{name.lower()}"'
            yield error("E209", place, f'no "{name}" in headers', hint)


def _fields(reads: Iterable[Read], file: str, fields: Fields) -> Iterator[Finding]:
    for read in reads:
        if read.path[0] == "body":
            unknown = unknown_step(read, read.path[1:], [fields])
            if unknown is not None:
                message = f'no field "{unknown.name}" in {file}'
                hint = "name it in the schema if bodies carry it"
                hint = did_you_mean(unknown.name, unknown.known) or hint
                # No error, whatever is near: such a schema need not name all that others send.
                yield warning("W204", unknown.place, message, hint)
