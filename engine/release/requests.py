"""The ``request:`` of a destination, compiled, and what it needs of the environment."""

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from engine.mapping.compile import Template, compile_tree, compile_value
from engine.mapping.scope import ScopeSpec
from engine.mapping.tree import parse_tree
from engine.model.cache import Caches
from engine.model.document import Document
from engine.model.finding import Finding
from engine.model.jsonvalue import Body
from engine.project.inbounds import PullSpec
from engine.project.spec import DestinationSpec, Project
from engine.release.scope import PULL_NAMES, RAW_BODY, REQUEST_NAMES, scope
from engine.schema.validator import Validator, compile_schema

SECRET_NAME = re.compile(
    r"TOKEN|SECRET|KEY|PASS|PWD|CREDENTIAL|AUTH|SIGN|PRIVATE|PAIR|WEBHOOK|(?:^|_)PAT(?:_|$)",
    re.IGNORECASE,
)
"""Environment variables whose values no person is shown; a webhook's address is its own secret."""

ENV = re.compile(r"\benv\.([A-Za-z_][A-Za-z0-9_]*)")

SAMPLE: Body = {
    "batch": [{}],
    "group": {},
    "pull": {"at": "1970-01-01T00:00:00.000Z"},
    "now": "1970-01-01T00:00:00.000Z",
    "attempt": 1,
    "raw_body": "{}",
}
"""Stands in for what is known only when a request is made."""


@dataclass(frozen=True, slots=True)
class RequestTemplates:
    """The parts of a request, each rendered for every batch.

    ``unset`` are the variables that it needs and that are not set, ``secrets`` the values to mask,
    ``contract`` judges the whole body.
    """

    method: str
    url: Template
    headers: Template
    params: Template
    body: Template
    unset: tuple[str, ...]
    secrets: tuple[str, ...]
    contract: Validator | None


def compile_request(
    spec: DestinationSpec | PullSpec, settings: Body, project: Project, caches: Caches
) -> tuple[RequestTemplates | None, list[Finding]]:
    """The compiled request, or None with the findings."""
    in_scope = REQUEST_NAMES if isinstance(spec, DestinationSpec) else PULL_NAMES
    names = scope(in_scope, tables=spec.tables, settings=spec.settings)
    header_names = scope([*in_scope, RAW_BODY], tables=spec.tables, settings=spec.settings)
    request = spec.request
    url, findings = compile_value(request.url, names, caches=caches)
    headers, faults = _compile_part(request.headers, header_names, caches)
    findings += faults
    params, faults = _compile_part(request.params, names, caches)
    findings += faults
    body, faults = _compile_part(request.body, names, caches)
    findings += faults
    if url is None or headers is None or params is None or body is None:
        return None, findings
    env = project.env
    schemas = {path: file.schema for path, file in project.schemas.items()}
    fixed: Body = {"settings": settings, "tables": spec.tables.value or {}}
    return RequestTemplates(
        request.method,
        url,
        headers,
        params,
        body,
        _unset(spec, header_names, fixed, env),
        _secrets((url, headers, params, body), spec.settings, env),
        compile_schema(request.contract, schemas) if request.contract in schemas else None,
    ), findings


def _compile_part(
    document: Document, names: ScopeSpec, caches: Caches
) -> tuple[Template | None, list[Finding]]:
    tree, findings = parse_tree(document)
    template, faults = compile_tree(tree, names, caches=caches, bounded=False)
    return template, findings + faults


def _unset(
    spec: DestinationSpec | PullSpec, names: ScopeSpec, fixed: Body, env: Mapping[str, str]
) -> tuple[str, ...]:
    """The variables for want of which a text of the request ends missing; empty text is meant."""
    unset: dict[str, None] = {}
    for leaf in _texts(spec.request.document):
        template, _ = compile_value(leaf, names, caches=Caches.off(), trace=True)
        if template is None or not template.env_names:
            continue
        if _is_missing(template, fixed, env):
            unset.update(dict.fromkeys(_needed(str(leaf.value), template, fixed, env)))
    return tuple(unset)


def _needed(text: str, template: Template, fixed: Body, env: Mapping[str, str]) -> Sequence[str]:
    """What has to be set: the first variable that is enough alone, else all; none if data lacks."""
    names = sorted(template.env_names - env.keys(), key=text.index)
    for name in names:
        if not _is_missing(template, fixed, {**env, name: name}):
            return [name]
    all_set = {**env, **dict.fromkeys(names, "x")}
    return [] if _is_missing(template, fixed, all_set) else names


def _is_missing(template: Template, fixed: Body, env: Mapping[str, str]) -> bool:
    traced = template.render({**SAMPLE, **fixed, "env": dict(env)}).trace
    return any(one.dropped == "missing" for one in traced)


def _texts(document: Document) -> Iterator[Document]:
    if isinstance(document.value, str):
        yield document
    for part in (*(part for _, part in document.items()), *document.elements()):
        yield from _texts(part)


def _secrets(
    templates: tuple[Template, ...], settings: Document, env: Mapping[str, str]
) -> tuple[str, ...]:
    """The values to mask, in every form that a request or an answer may show, longest first."""
    names = {name for template in templates for name in template.env_names}
    names |= {name for text in _texts(settings) for name in ENV.findall(str(text.value))}
    values = [env[name] for name in names if name in env and SECRET_NAME.search(name)]
    return tuple(sorted({form for value in values for form in _forms(value)}, key=len)[::-1])


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield html.escape(value)
    yield base64.b64encode(value.encode()).decode()
