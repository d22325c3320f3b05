"""A destination, compiled: who it is for, its rules, its request, and what its answers mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.model.cache import Caches
from engine.model.document import Place
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Body, as_body
from engine.model.names import did_you_mean
from engine.project.policy import BatchSpec, BreakerSpec, LimitsSpec, RetrySpec
from engine.project.spec import ConsentSpec, DestinationSpec, Project, RuleFileSpec, StoreSpec
from engine.release.answers import AnswerLine, compile_answers
from engine.release.archive import Archive, compile_archive
from engine.release.auth import ServiceAccount, compile_auth
from engine.release.mailbox import Mailbox, compile_mailbox
from engine.release.requests import RequestTemplates, compile_request
from engine.release.routes import Routes, build_routes
from engine.release.settings import render_settings, render_text
from engine.release.verify import Verification, compile_verification
from engine.schema.validator import Validator, compile_schema


class Mode(StrEnum):
    """Whether a destination sends, only records what it would send, or is off."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Destination:
    """What a destination file and its rule file say, ready to run.

    ``dedupe``, ``event_name``, ``match_keys`` and ``group_by`` are paths in a payload: of the
    vendor's own key, of its name for the event, of what it matches people by, and of what payloads
    of one request share. ``unset`` names the environment variables that its request needs and that
    are not set: with one of them missing it can't send. It has a ``request`` or a ``mailbox``, or
    is the ``store`` or an ``archive``. ``ordered``: each person's events go one after the other.
    """

    name: str
    title: str
    vendor: str
    names: frozenset[str]
    mode: Mode
    rollout_percent: float
    consent: ConsentSpec
    ip: str
    sources: frozenset[str]
    counts_in: str
    settings: Body
    tables: Body
    rule_tables: Body
    dedupe: tuple[str, ...] | None
    event_name: tuple[str, ...] | None
    match_keys: Mapping[str, tuple[str, ...]]
    group_by: tuple[tuple[str, ...], ...]
    group_keys: tuple[str, ...]
    contract: Validator | None
    contract_path: str | None
    routes: Routes
    mailbox: Mailbox | None
    auth: ServiceAccount | None
    request: RequestTemplates | None
    answers: tuple[AnswerLine, ...]
    verification: Verification | None
    batch: BatchSpec
    limits: LimitsSpec
    retry: RetrySpec
    breaker: BreakerSpec
    ordered: bool
    window_ms: int | None
    unset: tuple[str, ...]
    sunset: str | None
    place: Place
    store: StoreSpec | None = None
    archive: Archive | None = None


def build_destination(
    spec: DestinationSpec,
    rules: RuleFileSpec | None,
    project: Project,
    caches: Caches,
    *,
    with_off: bool = True,
) -> tuple[Destination | None, list[Finding]]:
    """The compiled destination, or None with the findings that prevent it.

    Without ``with_off`` one that is off has no rules, request or contract; a mailbox stays, so that
    pages that ask for it are answered.
    """
    settings, findings = render_settings(spec.settings, project.env)
    mode, faults = _mode(spec, project.env)
    findings += faults
    counts_in, faults = render_text(spec.counts_in, project.env)
    findings += faults
    mailbox, faults = _mailbox(spec, project)
    findings += faults
    archive, faults = _archive(spec, project)
    findings += faults
    parts: _Parts | None = _Parts(Routes(()))
    if with_off or mode is not Mode.OFF:
        parts, faults = _compile(spec, rules, settings, project, caches)
        findings += faults
    if parts is None or (mailbox is None and spec.mailbox is not None):
        return None, findings
    if archive is None and spec.archive is not None:
        return None, findings
    return Destination(
        name=spec.name,
        title=spec.title,
        vendor=spec.vendor,
        names=frozenset(name.casefold() for name in (spec.name, spec.title, *spec.aliases)),
        mode=mode,
        rollout_percent=spec.rollout_percent,
        consent=spec.consent,
        ip=spec.ip,
        sources=frozenset(spec.sources),
        counts_in=counts_in,
        settings=settings,
        tables=as_body(spec.tables.value),
        rule_tables=as_body(rules.tables.value) if rules else {},
        dedupe=_path(spec.dedupe) if spec.dedupe else None,
        event_name=_path(spec.event_name) if spec.event_name else None,
        match_keys={name: _path(text) for name, text in spec.match_keys.items()},
        group_by=tuple(_path(text) for text in spec.batch.group_by),
        group_keys=_keys_alone(spec.batch.group_by),
        contract=parts.contract,
        contract_path=spec.contract if parts.contract is not None else None,
        routes=parts.routes,
        mailbox=mailbox,
        auth=parts.auth,
        request=parts.request,
        answers=parts.answers,
        verification=parts.verification,
        batch=spec.batch,
        limits=spec.limits,
        retry=spec.retry,
        breaker=spec.breaker,
        ordered=spec.ordered,
        window_ms=spec.window_ms,
        unset=parts.unset,
        sunset=spec.sunset,
        place=spec.document.place("name"),
        store=spec.store,
        archive=archive,
    ), findings


@dataclass(frozen=True, slots=True)
class _Parts:
    """What takes time to compile and room to keep."""

    routes: Routes
    contract: Validator | None = None
    request: RequestTemplates | None = None
    answers: tuple[AnswerLine, ...] = ()
    verification: Verification | None = None
    auth: ServiceAccount | None = None
    unset: tuple[str, ...] = ()


def _compile(
    spec: DestinationSpec,
    rules: RuleFileSpec | None,
    settings: Body,
    project: Project,
    caches: Caches,
) -> tuple[_Parts | None, list[Finding]]:
    routes, findings = build_routes(rules, spec, settings, caches)
    request: RequestTemplates | None = None
    has_request = spec.mailbox is None and spec.store is None and spec.archive is None
    if has_request:
        request, faults = compile_request(spec, settings, project, caches)
        findings += faults
    answers, faults = compile_answers(spec, caches)
    findings += faults
    verification, faults = compile_verification(spec, settings, project, caches)
    findings += faults
    auth, unset, faults = compile_auth(spec.auth, project)
    findings += faults
    if request is None and has_request:
        return None, findings
    schemas = {path: file.schema for path, file in project.schemas.items()}
    contract = compile_schema(spec.contract, schemas) if spec.contract in schemas else None
    unset = (*(request.unset if request else ()), *unset)
    return _Parts(routes, contract, request, answers, verification, auth, unset), findings


def _mailbox(spec: DestinationSpec, project: Project) -> tuple[Mailbox | None, list[Finding]]:
    if spec.mailbox is None:
        return None, []
    return compile_mailbox(spec.mailbox, project.env)


def _archive(spec: DestinationSpec, project: Project) -> tuple[Archive | None, list[Finding]]:
    if spec.archive is None:
        return None, []
    return compile_archive(spec.archive, project.env)


def _path(text: str) -> tuple[str, ...]:
    return tuple(text.split("."))


def _keys_alone(paths: tuple[str, ...]) -> tuple[str, ...]:
    return () if any("." in path for path in paths) else paths


def _mode(spec: DestinationSpec, env: Mapping[str, str]) -> tuple[Mode, list[Finding]]:
    if spec.mode.value is None:
        return Mode.LIVE, []
    text, findings = render_text(spec.mode, env)
    if findings:
        return Mode.OFF, findings
    try:
        return Mode(text), []
    except ValueError:
        hint = did_you_mean(text, tuple(Mode)) or f"write one of {', '.join(Mode)}"
        return Mode.OFF, [error("E311", spec.mode.place(), f'unknown mode "{text}"', hint)]
