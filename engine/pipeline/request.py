"""Batch -> Request: the HTTP request that carries some payloads."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.codec.body import dumps
from engine.mapping.compile import Template
from engine.mapping.missing import Missing
from engine.model.clock import Millis
from engine.model.decision import Payload
from engine.model.delivery import Request
from engine.model.errors import BoundPassed, EncaminaError
from engine.model.jsonvalue import Body, Json, as_body
from engine.pipeline.scope import at
from engine.release.checks.urls import OURS, plain_fault
from engine.release.destination import Destination
from engine.release.requests import RequestTemplates
from engine.schema.validator import Validator

MASK = "***"

INDEX = re.compile(r"\[\d+\]")


class RequestFault(EncaminaError):  # noqa: N818 - reads as what happened
    """A request can't be made: an expression of ``request:`` fails, or its contract is broken."""


class BodyFault(EncaminaError):  # noqa: N818 - reads as what happened
    """An event keeps a request from being made: its contract is broken, or an expression fails."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request is made, and as which attempt."""

    now: Millis
    attempt: int = 1


def build_request(
    destination: Destination, env: Mapping[str, str], payloads: Sequence[Payload], moment: Moment
) -> Request:
    """The request for these payloads.

    Raises ``RequestFault`` where an expression fails that reads no event, and ``BodyFault`` where
    an event is at fault: the body breaks its contract, or what reads the event fails. The text of
    both names the field.
    """
    if destination.request is None:
        raise RequestFault(f"{destination.name} sends no request: payloads are handed over here")
    return render_request(destination.request, request_names(destination, env, payloads, moment))


def request_names(
    destination: Destination, env: Mapping[str, str], payloads: Sequence[Payload], moment: Moment
) -> dict[str, Json]:
    """What the expressions of a request may read, but for ``raw_body``."""
    return {
        "batch": [payload.body for payload in payloads],
        "group": _group(destination, payloads),
        "env": dict(env),
        "settings": destination.settings,
        "tables": destination.tables,
        "now": at(moment.now),
        "attempt": moment.attempt,
    }


def render_request(templates: RequestTemplates, names: dict[str, Json]) -> Request:
    """The request that the templates make of these names; raises as ``build_request`` does."""
    body = _rendered("request.body", templates.body, names)
    _judge(templates.contract, body)
    raw_body = b"" if isinstance(body, Missing) else dumps(body)
    names["raw_body"] = raw_body.decode()
    headers = _headers(templates.headers, names)
    headers.setdefault("Content-Type", "application/json")
    return Request(
        templates.method,
        _url(templates.url, names),
        headers,
        _texts("request.params", templates.params, names),
        raw_body,
        templates.secrets,
    )


def masked(request: Request) -> Request:
    """The request as a person may see it."""

    def masked_texts(texts: Mapping[str, str]) -> Mapping[str, str]:
        return {name: mask(value, request.secrets) for name, value in texts.items()}

    return replace(
        request,
        url=mask(request.url, request.secrets),
        headers=masked_texts(request.headers),
        params=masked_texts(request.params),
        body=mask(request.body.decode(), request.secrets).encode(),
    )


def mask(text: str, secrets: Sequence[str]) -> str:
    """The text with ``***`` in the place of each secret."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _judge(contract: Validator | None, body: Json | Missing) -> None:
    value = {} if isinstance(body, Missing) else body
    if contract is None or contract.is_valid(value):
        return
    reasons = contract.reasons(value)
    raise BodyFault(
        "request.contract: " + "; ".join(f"{one.path} {one.message}" for one in reasons[:3])
    )


def _group(destination: Destination, payloads: Sequence[Payload]) -> Body:
    """The shared values, nested as they stand in a payload; missing ones left out."""
    group: dict[str, Json] = {}
    for path, value in zip(destination.group_by, payloads[0].group, strict=True):
        if value is not None:
            _put(group, path, value)
    return group


def _put(target: dict[str, Json], path: tuple[str, ...], value: Json) -> None:
    for step in path[:-1]:
        inner = dict(as_body(target.get(step)))
        target[step] = inner
        target = inner
    target[path[-1]] = value


def _rendered(field: str, template: Template, names: Body) -> Json | Missing:
    try:
        rendered = template.render(names)
    except BoundPassed as bound:
        raise BodyFault(f"{field}: {bound}") from None
    for fault in rendered.faults:
        where = f"{fault.file}:{fault.line}"
        whose = _whose(template, fault.path)
        raise whose(f"{field} {fault.path}: {fault.message} ({where})")
    return rendered.value


def _whose(template: Template, path: str = "") -> type[RequestFault | BodyFault]:
    """Whose fault it is when the leaf at a path fails: an event's, where it reads one."""
    steps = INDEX.sub("[]", path)
    reads = [names for leaf, names in template.leaves if _as_path(leaf) == steps]
    return (
        RequestFault
        if OURS.issuperset(frozenset().union(*reads or [template.names]))
        else BodyFault
    )


def _as_path(leaf: Sequence[str]) -> str:
    return ".".join(leaf).replace(".[]", "[]")


def _url(template: Template, names: Body) -> str:
    url = _rendered("request.url", template, names)
    if not isinstance(url, str):
        raise _whose(template)("request.url gives no text")
    # One that reads no event was looked at when the release was loaded.
    if not OURS.issuperset(template.names) and (fault := plain_fault(url)):
        raise BodyFault(f"request.url leads nowhere: {fault}")
    return url


def _texts(field: str, template: Template, names: Body) -> dict[str, str]:
    value = _rendered(field, template, names)
    return {key: _text(one) for key, one in as_body(value).items()}


def _headers(templates: Template, names: Body) -> dict[str, str]:
    headers = _texts("request.headers", templates, names)
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise _whose(templates, name)(
                f"request.headers {name}: HTTP takes printable ASCII alone"
            )
    return headers


def _text(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value).decode()
