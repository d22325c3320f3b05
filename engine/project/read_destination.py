"""A file of ``destinations/`` as a typed record."""

from dataclasses import replace

from engine.model.document import Document, overlaid
from engine.model.finding import Finding, error, has_errors, warning
from engine.project.fields import (
    Units,
    number_of,
    optional_text,
    text_of,
    texts_of,
    whole_of,
)
from engine.project.inbounds import RequestSpec
from engine.project.policy import BatchSpec, BreakerSpec, LimitsSpec, RetrySpec
from engine.project.spec import (
    ArchiveSpec,
    AuthSpec,
    ConsentSpec,
    DestinationSpec,
    MailboxSpec,
    ResponseSpec,
    StoreSpec,
    VerifySpec,
)

LONGEST_RETRY_MS = 30 * 86_400_000
"""How long a delivery is tried where the vendor counts events of any age."""

KEEP_MS = 30 * 60_000
MAX_PENDING = 20
"""How long and how many payloads wait for a browser session that says nothing else."""

OF_REQUESTS = (
    "vendor", "auth", "request", "batch", "limits", "retry", "breaker", "order_by",
    "sunset", "responses", "verify",
)  # fmt: skip
"""Keys that a mailbox has no use for: it sends nothing."""

OF_VENDORS = ("vendor", "auth", "request", "order_by", "sunset", "responses", "verify")
"""Keys that the store has no use for: nobody answers."""

NOT_FOR = {
    "http": ("mailbox", "store", "archive"),
    "mailbox": (*OF_REQUESTS, "store", "archive"),
    "store": (*OF_VENDORS, "mailbox", "archive", "dedupe", "repeats"),
    "archive": (*OF_VENDORS, "mailbox", "store"),
}
"""The keys that each kind of destination has no use for."""

NEEDED = {"http": "request", "mailbox": "mailbox"}
"""The key without which a destination of that kind can do nothing."""

MOST_ARCHIVE_BYTES = 10 * 2**30
"""What an archive may take where its file doesn't say."""

POSTED_AT_ONCE = 200
"""Payloads that go into a mailbox in one write."""


def read_destination(document: Document) -> tuple[DestinationSpec | None, list[Finding]]:
    """The destination, None where a finding is an error; the document has the right shape."""
    units = Units()
    name = text_of(document.at("name"))
    window_ms = units.milliseconds(document.at("window"), None)
    mailbox = _mailbox(document.at("mailbox"), units)
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
        event_name=optional_text(document.at("event_name")),
        match_keys={name: text_of(one) for name, one in document.at("match_keys").items()},
        sources=texts_of(document.at("sources")),
        counts_in=document.at("counts_in"),
        mailbox=mailbox,
        auth=_auth(document.at("auth")),
        request=_request(document.at("request")),
        batch=BatchSpec(POSTED_AT_ONCE) if mailbox else _batch(document.at("batch"), units),
        limits=_limits(document.at("limits"), units),
        retry=_retry(document.at("retry"), window_ms, units),
        breaker=_breaker(document.at("breaker"), units),
        ordered=document.at("order_by").value is not None,
        window_ms=window_ms,
        sunset=units.day(document.at("sunset")),
        responses=tuple(_response(line) for line in document.at("responses").elements()),
        verify=_verify(document),
        document=document,
        store=_store(document, units),
        archive=_archive(document, units),
    )
    findings = [*units.findings, *_of_the_other_kind(spec), *_too_old(spec), *_repeats(document)]
    return None if has_errors(findings) else spec, findings


def _consent(document: Document) -> ConsentSpec:
    return ConsentSpec(
        all=tuple(name.casefold() for name in texts_of(document.at("all"))),
        any=tuple(name.casefold() for name in texts_of(document.at("any"))),
        when_missing=text_of(document.at("when_missing"), "deny"),
    )


def _mailbox(document: Document, units: Units) -> MailboxSpec | None:
    if document.value is None:
        return None
    return MailboxSpec(
        key=text_of(document.at("key")),
        keep_ms=units.milliseconds(document.at("keep"), KEEP_MS),
        max_pending=whole_of(document.at("max_pending"), MAX_PENDING),
        origins=document.at("origins"),
    )


def _store(document: Document, units: Units) -> StoreSpec | None:
    if document.at("kind").value != "store":
        return None
    keep = document.at("store", "keep")
    return StoreSpec(units.milliseconds(keep, 0) if keep.value is not None else None)


def _archive(document: Document, units: Units) -> ArchiveSpec | None:
    if document.at("kind").value != "archive":
        return None
    archive, keep = document.at("archive"), document.at("archive", "keep")
    return ArchiveSpec(
        archive.at("folder"),
        units.milliseconds(keep, 0) if keep.value is not None else None,
        units.size_bytes(archive.at("max_bytes"), MOST_ARCHIVE_BYTES),
        archive.at("deliveries").value is True,
    )


def _auth(document: Document) -> AuthSpec | None:
    if document.value is None:
        return None
    return AuthSpec(document.at("credentials"), document.at("scope"), document.at("token_url"))


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


def _verify(document: Document) -> VerifySpec | None:
    verify = document.at("verify")
    if verify.value is None:
        return None
    request = _request(overlaid(document.at("request"), verify.without("problems")))
    # The contract is of what is sent; a vendor's test mode takes keys that it does not name.
    return VerifySpec(replace(request, contract=None), verify.at("problems"))


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
        events_per_s=units.rate_per_s(document.at("events"), None),
    )


def _retry(document: Document, window_ms: int | None, units: Units) -> RetrySpec:
    longest_age_ms = LONGEST_RETRY_MS if window_ms is None else window_ms
    usual = RetrySpec(longest_age_ms)
    return RetrySpec(
        max_age_ms=units.milliseconds(document.at("max_age"), longest_age_ms),
        first_ms=units.milliseconds(document.at("first"), usual.first_ms),
        longest_ms=units.milliseconds(document.at("longest"), usual.longest_ms),
    )


def _breaker(document: Document, units: Units) -> BreakerSpec:
    usual = BreakerSpec()
    return BreakerSpec(
        failures=whole_of(document.at("failures"), usual.failures),
        share=units.share(document.at("rate"), usual.share),
        window_ms=units.milliseconds(document.at("window"), usual.window_ms),
        open_ms=units.milliseconds(document.at("open"), usual.open_ms),
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


def _of_the_other_kind(spec: DestinationSpec) -> list[Finding]:
    document = spec.document
    kind = text_of(document.at("kind"), "http")
    needed = NEEDED.get(kind)
    lacking = needed is not None and document.at(needed).value is None
    return [
        error(
            "E163",
            document.place("kind"),
            f"{needed} is missing: a destination of kind {kind} can do nothing without it",
            "write it, or another kind",
        )
        for _ in range(lacking)
    ] + [
        error(
            "E162",
            document.key_place(name),
            f"{name} is not for a destination of kind {kind}",
            f"write kind: {name}, or take it out" if name in NOT_FOR else "take it out",
        )
        for name in NOT_FOR[kind]
        if document.at(name).value is not None
    ]


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
    # The store knows its documents by ids of our own.
    if len(said) == 1 or document.at("kind").value == "store":
        return []
    hint = "write dedupe: with the path of the vendor's dedupe key, or repeats: possible"
    if said:
        place = document.key_place("repeats")
        return [error("E159", place, "dedupe and repeats exclude each other", hint)]
    place = document.place("name")
    return [warning("W159", place, "nothing is said of what becomes of a repeat", hint)]
