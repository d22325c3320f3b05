"""``encamina.yaml`` as a typed record."""

from engine.model.document import Document
from engine.model.event import SourceKind, Unplanned
from engine.model.finding import Finding, error
from engine.project.fields import Units, text_of, whole_of
from engine.project.spec import ProjectSpec, ServerSpec, SourceSpec

KEPT_IN = "sqlite:encamina.db"
DEDUPE_WINDOW_MS = 24 * 3_600_000
REMEMBER_MS = 90 * 24 * 3_600_000
SHORTEST_MEMORY_MS = 24 * 3_600_000
OFF = ("off", 0)


def read_settings(document: Document) -> tuple[ProjectSpec | None, list[Finding]]:
    """The settings, or None with the findings; the document has the right shape."""
    units = Units()
    spec = ProjectSpec(
        sources=tuple(_source(name, one) for name, one in document.at("sources").items()),
        server=_server(document.at("server"), units),
        log_url=text_of(document.at("log"), KEPT_IN),
        state_url=text_of(document.at("state"), KEPT_IN),
        dedupe_window_ms=units.milliseconds(document.at("dedupe_window"), DEDUPE_WINDOW_MS),
        remember_ms=_remember_ms(document.at("privacy").at("remember"), units),
        document=document,
    )
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


def _source(name: str, document: Document) -> SourceSpec:
    return SourceSpec(
        name=name,
        kind=SourceKind(text_of(document.at("kind"), SourceKind.SERVER)),
        unplanned=Unplanned(text_of(document.at("unplanned"), Unplanned.ALLOW)),
        write_key=document.at("write_key"),
    )


def _server(document: Document, units: Units) -> ServerSpec:
    usual = ServerSpec()
    return ServerSpec(
        listen=text_of(document.at("listen"), usual.listen),
        max_request_bytes=units.size_bytes(document.at("max_request"), usual.max_request_bytes),
        max_event_bytes=units.size_bytes(document.at("max_event"), usual.max_event_bytes),
        max_batch_events=whole_of(document.at("max_batch"), usual.max_batch_events),
        shutdown_ms=units.milliseconds(document.at("shutdown"), usual.shutdown_ms),
    )
