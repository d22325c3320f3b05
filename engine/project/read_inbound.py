"""A file of ``rules/inbound/`` as a typed record."""

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.fields import Units, optional_text, text_of, texts_of, whole_of
from engine.project.inbounds import (
    BudgetSpec,
    InboundSpec,
    PostSpec,
    PullSpec,
    RequestSpec,
    SignatureSpec,
    WarningSpec,
)

DAY_MS = 86_400_000
SHORTEST_MS = 60_000
"""A pull is for what changes by the hour or the day; every minute is its end."""

TIMEOUT_MS = 30_000
"""An export is worked out when it is asked for, so it may take longer than taking events does."""

RETRY_AFTER_MS = 60_000

TOLERANCE_MS = 300_000
"""How far the time in a signature may be off: what payment services' own libraries allow."""

CREATED = 201
"""What NestJS answers a POST with, unless a controller says otherwise."""


def read_inbound(document: Document) -> tuple[InboundSpec | None, list[Finding]]:
    """The inbound mapping, or None with the findings; the document has the right shape."""
    units = Units()
    name = text_of(document.at("inbound"))
    pull = document.at("pull")
    spec = InboundSpec(
        name=name,
        source=text_of(document.at("source")),
        tables=document.at("tables"),
        pull=None if pull.value is None else _pull(name, document, units),
        each=_each(document.at("each")),
        event=document.at("event"),
        otherwise=document.at("otherwise"),
        document=document,
        post=_post(document.at("post"), units),
    )
    findings = [*units.findings, *_too_often(spec), *_both(spec)]
    return None if findings else spec, findings


def _each(document: Document) -> tuple[Document, ...]:
    """The loops from the outermost in; a text alone is the only one."""
    if document.value is None:
        return ()
    return tuple(document.elements()) or (document,)


def _pull(name: str, document: Document, units: Units) -> PullSpec:
    pull = document.at("pull")
    retry = pull.at("retry")
    return PullSpec(
        vendor=text_of(pull.at("vendor"), name),
        mode=pull.at("mode"),
        settings=pull.at("settings"),
        tables=document.at("tables"),
        every_ms=units.milliseconds(pull.at("every"), DAY_MS),
        at_ms=_of_day(text_of(pull.at("at"), "00:00")),
        budget=_budget(name, pull.at("budget"), units),
        timeout_ms=units.milliseconds(pull.at("timeout"), TIMEOUT_MS),
        times=whole_of(retry.at("times"), 1),
        after_ms=units.milliseconds(retry.at("after"), RETRY_AFTER_MS),
        request=_request(pull.at("request")),
    )


def _of_day(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return (int(hours) * 60 + int(minutes)) * 60_000


def _budget(name: str, document: Document, units: Units) -> BudgetSpec | None:
    if document.value is None:
        return None
    return BudgetSpec(
        name=text_of(document.at("name"), name),
        requests=whole_of(document.at("requests"), 1),
        per_ms=units.milliseconds(document.at("per"), DAY_MS),
        document=document,
    )


def _request(document: Document) -> RequestSpec:
    return RequestSpec(
        method=text_of(document.at("method"), "GET"),
        url=document.at("url"),
        headers=document.at("headers"),
        params=document.at("params"),
        body=document.at("body"),
        contract=None,
        document=document,
    )


def _post(document: Document, units: Units) -> PostSpec | None:
    if document.value is None:
        return None
    return PostSpec(
        paths=texts_of(document.at("paths")),
        pattern=optional_text(document.at("pattern")),
        body=optional_text(document.at("body")),
        status=whole_of(document.at("status"), CREATED),
        answer=text_of(document.at("answer"), "verdicts"),
        signature=_signature(document.at("signature"), units),
        model=optional_text(document.at("model")),
        settings=document.at("settings"),
        warnings=tuple(
            WarningSpec(one.at("when"), text_of(one.at("path")), text_of(one.at("message")))
            for one in document.at("warnings").elements()
        ),
        document=document,
        max_event_bytes=units.size_bytes(document.at("max_event"), None),
    )


def _signature(document: Document, units: Units) -> SignatureSpec | None:
    if document.value is None:
        return None
    return SignatureSpec(
        secret=document.at("secret"),
        given=document.at("given"),
        signed=document.at("signed"),
        at=document.at("at"),
        encoding=text_of(document.at("encoding"), "hex"),
        tolerance_ms=units.milliseconds(document.at("tolerance"), TOLERANCE_MS),
    )


def _too_often(spec: InboundSpec) -> list[Finding]:
    if spec.pull is None or spec.pull.every_ms >= SHORTEST_MS:
        return []
    return [
        error(
            "E172",
            spec.document.place("pull", "every"),
            f"pull.every is {spec.document.at('pull', 'every').value}, less than a minute",
            "write 1m or more",
        )
    ]


def _both(spec: InboundSpec) -> list[Finding]:
    if spec.pull is None or spec.post is None:
        return []
    message = f"{spec.name} is both fetched and posted: a mapping has pull: or post:"
    place = spec.document.key_place("post")
    return [error("E173", place, message, "write a second file for the other")]
