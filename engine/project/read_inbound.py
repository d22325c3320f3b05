"""A file of ``rules/inbound/`` as a typed record."""

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.fields import Units, text_of, whole_of
from engine.project.inbounds import BudgetSpec, InboundSpec, PullSpec, RequestSpec

DAY_MS = 86_400_000
SHORTEST_MS = 60_000
"""A pull is for what changes by the hour or the day; every minute is its end."""

TIMEOUT_MS = 30_000
"""An export is worked out when it is asked for, so it may take longer than taking events does."""

RETRY_AFTER_MS = 60_000


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
        document=document,
    )
    findings = [*units.findings, *_too_often(spec)]
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
