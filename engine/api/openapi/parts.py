"""What the operations of an OpenAPI document have in common: answers, refusals, parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.api.openapi.schemas import referred
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import VERDICTS

WRITE_KEY: Sequence[Body] = ({"writeKey": []}, {"writeKeyInQuery": []})
READ_TOKEN: Sequence[Body] = ({"readToken": []}, {"adminToken": []})
ADMIN_TOKEN: Sequence[Body] = ({"adminToken": []},)
ANYBODY: Sequence[Body] = ({},)

SECURITY: Body = {
    "writeKey": {
        "type": "http",
        "scheme": "basic",
        "description": "The write key of a source as the user, with an empty password. "
        "It may also stand in the body as writeKey.",
    },
    "writeKeyInQuery": {"type": "apiKey", "in": "query", "name": "writeKey"},
    "readToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "server.read_token. Not asked for at a listener with auth: none.",
    },
    "adminToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "server.admin_token, or one that encamina keys made. It reads too.",
    },
}

_TEXT: Body = {"type": "string"}
_COUNT: Body = {"type": "integer", "minimum": 0}
_REASONS: Body = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["path", "message"],
        "properties": {"path": _TEXT, "message": _TEXT},
    },
}
_REFUSAL: Mapping[str, Json] = {"success": {"const": False}, "code": _TEXT, "message": _TEXT}

SCHEMAS: Body = {
    "Refusal": {
        "description": "Why a request was refused whole; nothing of it was kept.",
        "type": "object",
        "required": list(_REFUSAL),
        "properties": _REFUSAL,
    },
    "NestRefusal": {
        "description": "A refusal that has NestJS's statusCode beside the message; errors name "
        "what is wrong with the body.",
        "type": "object",
        "required": [*_REFUSAL, "statusCode"],
        "properties": {**_REFUSAL, "statusCode": {"type": "integer"}, "errors": _REASONS},
    },
    "Verdicts": {
        "description": "What became of the events: how many of each verdict, and what was not "
        "accepted, with the reasons, at most 100.",
        "type": "object",
        "required": ["success", "received", *VERDICTS, "results"],
        "properties": {
            "success": {"const": True},
            "received": _COUNT,
            **dict.fromkeys(VERDICTS, _COUNT),
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["index", "messageId", "verdict", "errors"],
                    "properties": {
                        "index": _COUNT,
                        "messageId": {"type": ["string", "null"]},
                        "verdict": {"enum": [one for one in VERDICTS if one != "accepted"]},
                        "errors": _REASONS,
                    },
                },
            },
            "warnings": {"type": "array", "items": _TEXT},
        },
    },
    "Success": {
        "type": "object",
        "required": ["success"],
        "properties": {"success": {"const": True}},
    },
}

_WHY: Mapping[int, str] = {
    400: "The request can't be read, or is not as it must be.",
    401: "The key or token is missing or wrong.",
    403: "Pages of this origin may not do this.",
    404: "There is no such thing here.",
    429: "Too much came at once, or too many wrong tokens.",
    503: "Nothing was kept; send it again.",
}
_WHY_ASKING: Mapping[int, str] = {503: "It can't be read at the moment; ask again."}
_RETRY_AFTER: Body = {
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "maximum": 300},
    }
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path; ``answers`` are its responses by status."""

    method: str
    path: str
    tag: str
    id: str
    summary: str
    answers: Mapping[int, Body]
    description: str = ""
    parameters: tuple[Body, ...] = ()
    body: Body | None = None
    security: Sequence[Body] = field(default=ANYBODY)

    def as_json(self) -> Body:
        """The operation object of OpenAPI."""
        made: dict[str, Json] = {
            "tags": [self.tag],
            "operationId": self.id,
            "summary": self.summary,
            "description": self.description,
            "parameters": list(self.parameters),
            "requestBody": self.body,
            "responses": {str(status): self.answers[status] for status in sorted(self.answers)},
            "security": list(self.security),
        }
        return {name: value for name, value in made.items() if value not in ("", [], None)}


def json_answer(what: str, schema: Body, headers: Body | None = None) -> Body:
    """A response with JSON of this schema."""
    made: dict[str, Json] = {
        "description": what,
        "content": {"application/json": {"schema": schema}},
    }
    return {**made, "headers": headers} if headers else made


def refusals(*statuses: int, schema: str = "Refusal", asks: bool = False) -> dict[int, Body]:
    """The refusals of these statuses; ``asks`` is of what only reads."""
    waits, why = {429, 503}, {**_WHY, **(_WHY_ASKING if asks else {})}
    return {
        status: json_answer(
            why[status], referred(schema), _RETRY_AFTER if status in waits else None
        )
        for status in statuses
    }


def json_body(schema: Body, examples: Sequence[Json] = ()) -> Body:
    """A request body of JSON; other labels are taken too, so none is refused for its own."""
    made: dict[str, Json] = {"schema": schema}
    if examples:
        made["examples"] = {f"example{n}": {"value": one} for n, one in enumerate(examples, 1)}
    return {"required": True, "content": {"application/json": made}}


def in_query(name: str, doc: str, schema: Body, *, required: bool = False) -> Body:
    """A parameter of the query."""
    made: dict[str, Json] = {"name": name, "in": "query", "description": doc, "schema": schema}
    return {**made, "required": True} if required else made


def in_path(name: str, doc: str, schema: Body) -> Body:
    """A parameter of the path."""
    return {"name": name, "in": "path", "required": True, "description": doc, "schema": schema}
