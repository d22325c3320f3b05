"""Signatures of posted bodies: those that any body would have, or that nobody could send."""

from collections.abc import Iterator

from engine.mapping import syntax
from engine.mapping.expression import Reading, read_text
from engine.mapping.tokens import Text, has_expression
from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.inbounds import SignatureSpec
from engine.project.spec import Project
from engine.release.scope import HEADERS, RAW_BODY, SIGNED_NAMES, scope


def check_signatures(project: Project) -> list[Finding]:
    """Findings about signatures that say nothing of what is posted."""
    findings: list[Finding] = []
    for spec in project.inbounds:
        if spec.post is not None and spec.post.signature is not None:
            findings += _findings(spec.post.signature)
    return findings


def _findings(spec: SignatureSpec) -> Iterator[Finding]:
    yield from _from_headers(spec.given, "the signature", "the header that it is sent in")
    yield from _from_headers(spec.at, "the time of signing", "or leave at: out")
    if spec.signed.value is None:
        return
    place = spec.signed.place()
    reading = _read(spec.signed, SIGNED_NAMES)
    if reading is None and has_expression(str(spec.signed.value)):
        return  # what can't be read is told already
    expression = syntax.Constant("") if reading is None else reading.expression
    if (name := _worked_on(expression)) is not None:
        message = "raw_body stands for bytes, which nothing can be worked out from"
        hint = "write {{ raw_body }} alone: no filter, no key, no condition"
        yield error("E179", Text.of(spec.signed).place(name.at), message, hint)
    elif not _holds_body(expression):
        message = "the body is no part of what is signed, so one signature would fit any body"
        yield error("E179", place, message, "put {{ raw_body }} into it, or leave signed: out")


def _from_headers(document: Document, what: str, hint: str) -> Iterator[Finding]:
    if document.value is None:
        return
    reading = _read(document, [HEADERS])
    if reading is None and has_expression(str(document.value)):
        return
    if reading is None or HEADERS not in reading.uses.names:
        message = f"{what} is read from no header"
        yield error("E179", document.place(), message, f"write {{{{ headers['x-…'] }}}}, {hint}")


def _read(document: Document, names: list[str]) -> Reading | None:
    if not has_expression(str(document.value)):
        return None
    return read_text(Text.of(document), scope(names, tables=document, settings=document))[0]


def _worked_on(expression: syntax.Expression, *, plain: bool = True) -> syntax.Name | None:
    """Where more is done with the body than to put it into the text."""
    match expression:
        case syntax.Name(name):
            return expression if name == RAW_BODY and not plain else None
        case syntax.Joined(parts):
            found = [_worked_on(one, plain=plain) for one in parts]
        case syntax.Choice(condition, yes, no):
            found = [
                _worked_on(condition, plain=False),
                *(_worked_on(one, plain=plain) for one in (yes, no)),
            ]
        case _:
            found = [_worked_on(one, plain=False) for one in syntax.parts_of(expression)]
    return next((one for one in found if one is not None), None)


def _holds_body(expression: syntax.Expression) -> bool:
    """Whether the body is a part of the text whatever the headers are."""
    match expression:
        case syntax.Name(name):
            return name == RAW_BODY
        case syntax.Joined(parts):
            return any(map(_holds_body, parts))
        case syntax.Choice(_, yes, no):
            return _holds_body(yes) and _holds_body(no)
    return False
