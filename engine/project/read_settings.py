"""``encamina.yaml`` as a typed record."""

from engine.model.document import Document
from engine.model.event import SourceKind, Unplanned
from engine.model.finding import Finding, error
from engine.project.cookies import CookiesSpec
from engine.project.fields import Units, text_of, whole_of
from engine.project.read_listeners import listened_twice, read_listeners, read_nest
from engine.project.spec import KeepSpec, ProjectSpec, ServerSpec, SourceSpec, TlsSpec

KEPT_IN = "sqlite:encamina.db"
DEDUPE_WINDOW_MS = 24 * 3_600_000
REMEMBER_MS = 90 * 24 * 3_600_000
SHORTEST_MEMORY_MS = 24 * 3_600_000
COOKIE_MS = 395 * 24 * 3_600_000
LARGEST_AT_ONCE = 4
OFF = ("off", 0)


def read_settings(document: Document) -> tuple[ProjectSpec | None, list[Finding]]:
    """The settings, or None with the findings; the document has the right shape."""
    units = Units()
    names = [name for name, _ in document.at("sources").items()]
    spec = ProjectSpec(
        sources=tuple(_source(name, one, units) for name, one in document.at("sources").items()),
        server=_server(document.at("server"), units),
        log_url=text_of(document.at("log"), KEPT_IN),
        state_url=text_of(document.at("state"), KEPT_IN),
        dedupe_window_ms=units.milliseconds(document.at("dedupe_window"), DEDUPE_WINDOW_MS),
        remember_ms=_remember_ms(document.at("privacy").at("remember"), units),
        document=document,
        keep=_keep(document, units),
        store_url=document.at("store"),
        listeners=read_listeners(document.at("server", "listeners"), names, units),
        nest=read_nest(document.at("nest"), names, units),
    )
    units.findings.extend(listened_twice(document, spec.server.listen))
    return None if units.findings else spec, units.findings


def _remember_ms(document: Document, units: Units) -> int:
    if document.value in OFF:
        return 0
    remember_ms = units.milliseconds(document, REMEMBER_MS)
    if 0 < remember_ms < SHORTEST_MEMORY_MS:
        message = f"privacy.remember is {document.value}, expected 1d or more, or off"
        hint = "what a person refused would be forgotten while their events are still sent"
        units.findings.append(error("E150", document.place(), message, hint))
    return remember_ms


def _keep(document: Document, units: Units) -> KeepSpec:
    usual = KeepSpec()
    kept, disk = document.at("privacy").at("keep"), document.at("disk")
    return KeepSpec(
        events_ms=units.milliseconds(kept.at("events"), usual.events_ms),
        audit_ms=units.milliseconds(kept.at("audit"), usual.audit_ms),
        most_bytes=units.size_bytes(disk.at("most"), usual.most_bytes),
        free_bytes=units.size_bytes(disk.at("free"), usual.free_bytes),
    )


def _source(name: str, document: Document, units: Units) -> SourceSpec:
    return SourceSpec(
        name=name,
        kind=SourceKind(text_of(document.at("kind"), SourceKind.SERVER)),
        unplanned=Unplanned(text_of(document.at("unplanned"), Unplanned.ALLOW)),
        write_key=document.at("write_key"),
        write_key_sha256=document.at("write_key_sha256"),
        document=document,
        rate_per_s=units.rate_per_s(document.at("rate"), None),
        cookies=_cookies(document.at("cookies"), units),
        consent=_consent(document.at("consent")),
    )


def _consent(document: Document) -> dict[str, bool]:
    return {name.lower(): one.value is True for name, one in document.items()}


def _cookies(document: Document, units: Units) -> CookiesSpec | None:
    if document.value is None:
        return None
    domain = text_of(document.at("domain")).lower().removeprefix(".")
    return CookiesSpec(
        domain or None,
        units.milliseconds(document.at("max_age"), COOKIE_MS),
        text_of(document.at("consent"), "functional"),
    )


def _server(document: Document, units: Units) -> ServerSpec:
    usual = ServerSpec()
    max_request_bytes = units.size_bytes(document.at("max_request"), usual.max_request_bytes)
    return ServerSpec(
        listen=text_of(document.at("listen"), usual.listen),
        max_request_bytes=max_request_bytes,
        max_event_bytes=units.size_bytes(document.at("max_event"), usual.max_event_bytes),
        max_batch_events=whole_of(document.at("max_batch"), usual.max_batch_events),
        shutdown_ms=units.milliseconds(document.at("shutdown"), usual.shutdown_ms),
        rate_per_s=units.rate_per_s(document.at("rate"), None),
        trusted_proxies=units.networks(document.at("trusted_proxies")),
        tls=_tls(document.at("tls")),
        request_timeout_ms=units.milliseconds(
            document.at("request_timeout"), usual.request_timeout_ms
        ),
        max_connections=whole_of(document.at("max_connections"), usual.max_connections),
        max_in_flight_bytes=_in_flight_bytes(
            document.at("max_in_flight"), max_request_bytes, units
        ),
        log_format=text_of(document.at("log_format"), usual.log_format),
    )


def _in_flight_bytes(document: Document, max_request_bytes: int, units: Units) -> int:
    """What all bodies may take: by itself room for four of the largest, packed and unpacked."""
    fewest = LARGEST_AT_ONCE * max_request_bytes
    most = units.size_bytes(document, max(ServerSpec().max_in_flight_bytes, fewest))
    if most < fewest:
        message = f"server.max_in_flight is {document.value}, expected at least "
        message += f"{LARGEST_AT_ONCE} times server.max_request: {fewest:,}B"
        units.findings.append(
            error("E150", document.place(), message, "the largest requests would never have room")
        )
    return most


def _tls(document: Document) -> TlsSpec | None:
    if document.value is None:
        return None
    return TlsSpec(text_of(document.at("certificate")), text_of(document.at("key")))
