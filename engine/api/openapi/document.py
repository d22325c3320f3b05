"""The OpenAPI document of a release: 3.1, whose schemas are JSON Schema 2020-12 as ours are."""

from collections.abc import Iterator
from importlib.metadata import version

from engine.api.openapi.fixed import EVENT, fixed_operations
from engine.api.openapi.made import MODELS, posted_operations, question_operations
from engine.api.openapi.parts import SCHEMAS, SECURITY, Operation
from engine.api.openapi.schemas import component_name, components_of, referred
from engine.model.jsonvalue import Body, Json
from engine.release.release import Release

ABOUT = """What this server answers. Paths may end in a slash. Bodies are JSON whatever their \
Content-Type says, and may be gzip. The plan of the events that /v1 takes stands in x-plan."""


def openapi(release: Release, *, closed: bool = False) -> Body:
    """The document; with ``closed`` also of what answers nothing until a secret is set."""
    operations = [*operations_of(release, closed=closed)]
    paths: dict[str, dict[str, Json]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = one.as_json()
    return {
        "openapi": "3.1.0",
        "info": {"title": "Encamina", "version": version("encamina"), "description": ABOUT},
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {"schemas": _schemas(release), "securitySchemes": SECURITY},
        "x-plan": {one.title: referred(component_name(one.path)) for one in release.plan.events},
    }


def operations_of(release: Release, *, closed: bool) -> Iterator[Operation]:
    """All operations, the shop's own first."""
    yield from posted_operations(release, closed=closed)
    yield from question_operations()
    yield from fixed_operations(release)


def _schemas(release: Release) -> dict[str, Json]:
    most = release.spec.server.max_batch_events
    events: Body = {"type": "array", "items": referred("Event"), "maxItems": most}
    made: dict[str, Json] = {
        **SCHEMAS,
        "Event": EVENT,
        "Batch": {"type": "object", "required": ["batch"], "properties": {"batch": events}},
        **dict(MODELS.values()),
    }
    for mapping in release.inbounds:
        if mapping.post is not None and mapping.post.body is not None:
            made |= components_of(mapping.post.body.schemas)
    for planned in release.plan.events:
        made |= components_of(planned.validator.schemas)
    return made
