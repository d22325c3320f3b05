"""Inbound mappings, compiled: what a foreign body becomes, and when and how it is fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.mapping.compile import Each, Template, compile_each, compile_tree
from engine.mapping.scope import ScopeSpec
from engine.mapping.tree import Tree, parse_tree
from engine.model.cache import Caches
from engine.model.clock import Millis
from engine.model.document import Document, Place
from engine.model.event import Source
from engine.model.finding import Finding, error, has_errors
from engine.model.jsonvalue import Body, as_body
from engine.model.names import did_you_mean
from engine.project.inbounds import BudgetSpec, InboundSpec, PullSpec
from engine.project.spec import Project
from engine.release.body_fields import BodyFields, fields_of
from engine.release.destination import Mode
from engine.release.posts import Post, build_post
from engine.release.requests import RequestTemplates, compile_request
from engine.release.scope import INBOUND_NAMES, OF_POST, OF_PULL, scope
from engine.release.settings import render_settings, render_text

MODES = (Mode.LIVE, Mode.OFF)
NOTHING = Document("", None, {}, {})


@dataclass(frozen=True, slots=True)
class Pull:
    """What is fetched, and when.

    ``unset`` names the environment variables that its request needs and that are not set: with one
    of them missing nothing is fetched.
    """

    vendor: str
    mode: Mode
    every_ms: int
    at_ms: int
    budget: BudgetSpec | None
    timeout_ms: int
    times: int
    after_ms: int
    settings: Body
    tables: Body
    request: RequestTemplates
    unset: tuple[str, ...]

    def planned_at(self, now: Millis) -> Millis:
        """The newest planned moment that has come: the same for every look until the next one."""
        return Millis(now - (now - self.at_ms) % self.every_ms)


@dataclass(frozen=True, slots=True)
class InboundMapping:
    """A file of ``rules/inbound/``, ready to run; ``each`` from the outermost loop in.

    It has a ``pull`` or a ``post``. What ``otherwise`` gives is laid over an event that would be
    quarantined as it is; ``fields`` then tell callers by names of their own what was wrong.
    """

    name: str
    source: Source
    tables: Body
    each: tuple[Each, ...]
    template: Template
    tree: Tree
    pull: Pull | None
    place: Place
    document: Document
    post: Post | None = None
    otherwise: Template | None = None
    fields: BodyFields = field(default_factory=dict)


def build_inbounds(
    project: Project, caches: Caches
) -> tuple[tuple[InboundMapping, ...], list[Finding]]:
    """The compiled inbound mappings; those with faults are left out and told."""
    sources = {one.name: Source(one.name, one.kind, one.unplanned) for one in project.spec.sources}
    built = []
    findings: list[Finding] = []
    for spec in project.inbounds:
        mapping, faults = _build(spec, sources.get(spec.source), project, caches)
        findings += faults
        if mapping is not None:
            built.append(mapping)
    return tuple(built), findings


def _build(
    spec: InboundSpec, source: Source | None, project: Project, caches: Caches
) -> tuple[InboundMapping | None, list[Finding]]:
    settings = spec.pull.settings if spec.pull else spec.post.settings if spec.post else NOTHING
    names = scope(
        [*INBOUND_NAMES, *(OF_POST if spec.post else OF_PULL)],
        tables=spec.tables,
        settings=settings,
    )
    outer = names
    loops = []
    findings: list[Finding] = []
    for written in spec.each:
        each, faults = compile_each(written, names, caches=caches)
        findings += faults
        if each is not None:
            loops.append(each)
            names = names.with_name(each.name, each.origin)
    tree, faults = parse_tree(spec.event)
    findings += faults
    template = otherwise = None
    if not has_errors(findings):
        # A name of a loop that can't be read would be told as unknown once more.
        template, faults = compile_tree(tree, names, caches=caches)
        findings += faults
        otherwise, faults = _otherwise(spec, names, caches)
        findings += faults
    pull, faults = _build_pull(spec.pull, project, caches) if spec.pull else (None, [])
    findings += faults
    post, faults = build_post(spec.post, outer, project, caches) if spec.post else (None, [])
    findings += faults
    if source is None or has_errors(findings):
        return None, findings
    assert template is not None
    return InboundMapping(
        spec.name,
        source,
        as_body(spec.tables.value),
        tuple(loops),
        template,
        tree,
        pull,
        spec.document.place("inbound"),
        spec.document,
        post,
        otherwise,
        {} if otherwise is None else fields_of(spec.each, tree, outer),
    ), findings


def _otherwise(
    spec: InboundSpec, names: ScopeSpec, caches: Caches
) -> tuple[Template | None, list[Finding]]:
    if spec.otherwise.value is None:
        return None, []
    if spec.post is None:
        message = "otherwise: is for what is posted; what is fetched stays in quarantine"
        return None, [error("E178", spec.otherwise.place(), message)]
    tree, findings = parse_tree(spec.otherwise)
    template, faults = compile_tree(tree, names.with_name("event", ("event",)), caches=caches)
    return template, findings + faults


def _build_pull(
    spec: PullSpec, project: Project, caches: Caches
) -> tuple[Pull | None, list[Finding]]:
    settings, findings = render_settings(spec.settings, project.env)
    mode, faults = _mode(spec, project.env)
    findings += faults
    request, faults = compile_request(spec, settings, project, caches)
    findings += faults
    if request is None:
        return None, findings
    return Pull(
        spec.vendor,
        mode,
        spec.every_ms,
        spec.at_ms,
        spec.budget,
        spec.timeout_ms,
        spec.times,
        spec.after_ms,
        settings,
        as_body(spec.tables.value),
        request,
        request.unset,
    ), findings


def _mode(spec: PullSpec, env: Mapping[str, str]) -> tuple[Mode, list[Finding]]:
    if spec.mode.value is None:
        return Mode.LIVE, []
    text, findings = render_text(spec.mode, env)
    if findings or text in MODES:
        return Mode(text) if text in MODES else Mode.OFF, findings
    hint = did_you_mean(text, MODES) or f"write one of {', '.join(MODES)}"
    return Mode.OFF, [error("E311", spec.mode.place(), f'unknown mode "{text}"', hint)]
