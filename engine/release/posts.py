"""``post:`` of an inbound mapping, compiled: what may be posted where, and who must have signed."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.mapping.compile import Condition, Template, compile_condition, compile_value
from engine.mapping.scope import ScopeSpec
from engine.model.cache import Caches
from engine.model.finding import Finding
from engine.model.jsonvalue import Body
from engine.project.inbounds import PostSpec, SignatureSpec
from engine.project.spec import Project
from engine.release.scope import HEADERS, SIGNED_NAMES, scope
from engine.release.settings import render_settings, render_text
from engine.schema.validator import Validator, compile_schema

RAW_BODY = "\0raw_body\0"

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
"""Headers that no mapping sees."""


@dataclass(frozen=True, slots=True)
class Signature:
    """How the signature of a body is checked; without a ``secret`` nothing can be.

    ``given``, ``signed`` and ``at`` see ``headers``. ``signed`` sees ``raw_body`` too, as
    ``RAW_BODY``, for which the bytes of the body stand: they may be no text, and longer than one.
    """

    secret: str
    given: Template
    signed: Template | None
    at: Template | None
    encoding: str
    tolerance_ms: int


@dataclass(frozen=True, slots=True)
class BodyWarning:
    """What is told of a body that is taken all the same: of the field ``path``."""

    when: Condition
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Post:
    """What is posted; ``body`` judges it, None where any JSON may come.

    ``answer`` is document or verdicts, ``model`` the model of the document that is meant. An event
    may have ``max_event_bytes``, None for as many as any other.
    """

    paths: tuple[str, ...]
    pattern: str | None
    body: Validator | None
    status: int
    answer: str
    model: str | None
    settings: Body
    signature: Signature | None
    warnings: tuple[BodyWarning, ...]
    max_event_bytes: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be posted at all: a signature can't be checked without its secret."""
        return self.signature is None or bool(self.signature.secret)


def build_post(
    spec: PostSpec, names: ScopeSpec, project: Project, caches: Caches
) -> tuple[Post | None, list[Finding]]:
    """The compiled post, or None with the findings; ``names`` is what its event may read."""
    settings, findings = render_settings(spec.settings, project.env)
    signature, faults = _signature(spec.signature, project.env, caches)
    findings += faults
    warnings = []
    for one in spec.warnings:
        when, faults = compile_condition(one.when, names, caches=caches)
        findings += faults
        if when is not None:
            warnings.append(BodyWarning(when, one.path, one.message))
    if spec.signature is not None and signature is None:
        return None, findings
    schemas = {path: file.schema for path, file in project.schemas.items()}
    return Post(
        spec.paths,
        spec.pattern,
        compile_schema(spec.body, schemas) if spec.body in schemas else None,
        spec.status,
        spec.answer,
        spec.model,
        settings,
        signature,
        tuple(warnings),
        spec.max_event_bytes,
    ), findings


def _signature(
    spec: SignatureSpec | None, env: Mapping[str, str], caches: Caches
) -> tuple[Signature | None, list[Finding]]:
    if spec is None:
        return None, []
    secret, findings = render_text(spec.secret, env)
    templates: list[Template | None] = []
    parts = ((spec.given, [HEADERS]), (spec.signed, SIGNED_NAMES), (spec.at, [HEADERS]))
    for part, in_scope in parts:
        if part.value is None:
            templates.append(None)
            continue
        names = scope(in_scope, tables=part, settings=part)
        template, faults = compile_value(part, names, caches=caches)
        findings += faults
        templates.append(template)
        if template is None:
            return None, findings
    given, signed, at = templates
    assert given is not None
    return Signature(secret, given, signed, at, spec.encoding, spec.tolerance_ms), findings
