"""A destination, compiled: who it is for, its rules, its request, and what its answers mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.model.cache import Caches
from engine.model.document import Place
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Body, as_body
from engine.model.names import did_you_mean
from engine.project.spec import (
    BatchSpec,
    ConsentSpec,
    DestinationSpec,
    LimitsSpec,
    Project,
    RetrySpec,
    RuleFileSpec,
)
from engine.release.answers import AnswerLine, compile_answers
from engine.release.requests import RequestTemplates, compile_request
from engine.release.routes import Routes, build_routes
from engine.release.settings import render_settings, render_text
from engine.schema.validator import Validator, compile_schema


class Mode(StrEnum):
    """Whether a destination sends, only records what it would send, or is off."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Destination:
    """What a destination file and its rule file say, ready to run.

    ``dedupe`` is the path of the vendor's own key in a payload, ``group_by`` the paths that
    payloads of one request share. ``unset`` names the environment variables that its request needs
    and that are not set: with one of them missing it can't send.
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
    group_by: tuple[tuple[str, ...], ...]
    contract: Validator | None
    contract_path: str | None
    routes: Routes
    request: RequestTemplates
    answers: tuple[AnswerLine, ...]
    batch: BatchSpec
    limits: LimitsSpec
    retry: RetrySpec
    window_ms: int | None
    unset: tuple[str, ...]
    sunset: str | None
    place: Place


def build_destination(
    spec: DestinationSpec, rules: RuleFileSpec | None, project: Project, caches: Caches
) -> tuple[Destination | None, list[Finding]]:
    """The compiled destination, or None with the findings that prevent it."""
    findings: list[Finding] = []
    settings, faults = render_settings(spec.settings, project.env)
    findings += faults
    mode, faults = _mode(spec, project.env)
    findings += faults
    counts_in, faults = render_text(spec.counts_in, project.env)
    findings += faults
    routes, faults = build_routes(rules, spec, caches)
    findings += faults
    request, faults = compile_request(spec, settings, project, caches)
    findings += faults
    answers, faults = compile_answers(spec, caches)
    findings += faults
    if request is None:
        return None, findings
    schemas = {path: file.schema for path, file in project.schemas.items()}
    contract = spec.contract if spec.contract in schemas else None
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
        group_by=tuple(_path(text) for text in spec.batch.group_by),
        contract=compile_schema(contract, schemas) if contract else None,
        contract_path=contract,
        routes=routes,
        request=request,
        answers=answers,
        batch=spec.batch,
        limits=spec.limits,
        retry=spec.retry,
        window_ms=spec.window_ms,
        unset=request.unset,
        sunset=spec.sunset,
        place=spec.document.place("name"),
    ), findings


def _path(text: str) -> tuple[str, ...]:
    return tuple(text.split("."))


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
