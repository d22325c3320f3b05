"""A file of ``destinations/`` as a typed record."""

from engine.model.document import Document
from engine.model.finding import Finding, error, warning
from engine.project.fields import (
    Units,
    number_of,
    optional_text,
    text_of,
    texts_of,
    whole_of,
)
from engine.project.spec import (
    BatchSpec,
    ConsentSpec,
    DestinationSpec,
    LimitsSpec,
    RequestSpec,
    ResponseSpec,
    RetrySpec,
)

LONGEST_RETRY_MS = 30 * 86_400_000
"""How long a delivery is tried where the vendor counts events of any age."""


def read_destination(document: Document) -> tuple[DestinationSpec | None, list[Finding]]:
    """The destination, or None with the findings; the document has the right shape."""
    units = Units()
    name = text_of(document.at("name"))
    window_ms = units.milliseconds(document.at("window"), None)
    spec = DestinationSpec(
        name=name,
        title=text_of(document.at("title"), name),
        vendor=text_of(document.at("vendor"), name),
        aliases=texts_of(document.at("aliases")),
        mode=document.at("mode"),
        rollout_percent=number_of(document.at("rollout", "percent"), 100.0),
        consent=_consent(document.at("consent")),
        ip=text_of(document.at("ip"), "none"),
        contract=optional_text(document.at("contract")),
        settings=document.at("settings"),
        tables=document.at("tables"),
        dedupe=optional_text(document.at("dedupe")),
        sources=texts_of(document.at("sources")),
        counts_in=document.at("counts_in"),
        request=_request(document.at("request")),
        batch=_batch(document.at("batch"), units),
        limits=_limits(document.at("limits"), units),
        retry=_retry(document.at("retry"), window_ms, units),
        window_ms=window_ms,
        sunset=units.day(document.at("sunset")),
        responses=tuple(_response(line) for line in document.at("responses").elements()),
        document=document,
    )
    findings = [*units.findings, *_too_old(spec), *_repeats(document)]
    return None if findings else spec, findings


def _consent(document: Document) -> ConsentSpec:
    return ConsentSpec(
        all=texts_of(document.at("all")),
        any=texts_of(document.at("any")),
        when_missing=text_of(document.at("when_missing"), "deny"),
    )


def _request(document: Document) -> RequestSpec:
    return RequestSpec(
        method=text_of(document.at("method"), "POST"),
        url=document.at("url"),
        headers=document.at("headers"),
        params=document.at("params"),
        body=document.at("body"),
        contract=optional_text(document.at("contract")),
        document=document,
    )


def _batch(document: Document, units: Units) -> BatchSpec:
    usual = BatchSpec()
    return BatchSpec(
        max_events=whole_of(document.at("max_events"), usual.max_events),
        max_bytes=units.size_bytes(document.at("max_bytes"), usual.max_bytes),
        linger_ms=units.milliseconds(document.at("linger"), usual.linger_ms),
        group_by=texts_of(document.at("group_by")),
    )


def _limits(document: Document, units: Units) -> LimitsSpec:
    usual = LimitsSpec()
    return LimitsSpec(
        rate_per_s=units.rate_per_s(document.at("rate"), None),
        concurrency=whole_of(document.at("concurrency"), usual.concurrency),
        timeout_ms=units.milliseconds(document.at("timeout"), usual.timeout_ms),
    )


def _retry(document: Document, window_ms: int | None, units: Units) -> RetrySpec:
    longest_age_ms = LONGEST_RETRY_MS if window_ms is None else window_ms
    usual = RetrySpec(longest_age_ms)
    return RetrySpec(
        max_age_ms=units.milliseconds(document.at("max_age"), longest_age_ms),
        first_ms=units.milliseconds(document.at("first"), usual.first_ms),
        longest_ms=units.milliseconds(document.at("longest"), usual.longest_ms),
    )


def _response(document: Document) -> ResponseSpec:
    return ResponseSpec(
        when=document.at("when"),
        then=text_of(document.at("then")),
        after=document.at("after"),
        reason=document.at("reason"),
        failed=document.at("failed"),
        rest=optional_text(document.at("rest")),
    )


def _too_old(spec: DestinationSpec) -> list[Finding]:
    if spec.window_ms is None or spec.retry.max_age_ms <= spec.window_ms:
        return []
    window = spec.document.at("window").value
    return [
        error(
            "E156",
            spec.document.place("retry", "max_age"),
            f"retry.max_age is {spec.document.at('retry', 'max_age').value}, but the vendor counts "
            f"no event older than window, {window}",
            f"write {window} or less, or leave it out",
        )
    ]


def _repeats(document: Document) -> list[Finding]:
    said = {key for key in ("dedupe", "repeats") if document.at(key).value is not None}
    if len(said) == 1:
        return []
    hint = "write dedupe: with the path of the vendor's dedupe key, or repeats: possible"
    if said:
        place = document.key_place("repeats")
        return [error("E159", place, "dedupe and repeats exclude each other", hint)]
    place = document.place("name")
    return [warning("W159", place, "nothing is said of what becomes of a repeat", hint)]
