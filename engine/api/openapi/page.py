"""The OpenAPI document for people: every route on one page, and the document as text."""

import json
from collections.abc import Iterator

from engine.api.openapi.document import openapi, operations_of
from engine.api.openapi.made import POSTS
from engine.api.openapi.parts import ADMIN_TOKEN, ANYBODY, READ_TOKEN, WRITE_KEY, Operation
from engine.codec.body import dumps, loads
from engine.model.jsonvalue import as_body
from engine.release.release import Release

HEAD = """# HTTP

Made by `encamina docs http` from the same lists and schemas that the server runs by. A running \
server gives them at `/openapi.json` as OpenAPI 3.1, for tools and for making clients; \
`encamina docs openapi` prints that document without a server. It holds no secret.

Every path may end in a slash. Names after *body:* are schemas of that document. Where a write key \
or read token is needed, a listener with `auth: none` asks for none. A refusal is JSON with \
`success: false`, a `code` for programs and a `message` for people; the shop's own routes add \
NestJS's `statusCode`. 429 and 503 say in `Retry-After` how many seconds to wait. What is not told \
here of a route stands in \
[clients](clients.md), [the shop's routes](shop-routes.md), [posts](inbound.md), \
[analytics](analytics.md) and [operations](operations.md)."""

WHO = (
    (WRITE_KEY, "write key"),
    (READ_TOKEN, "read token"),
    (ADMIN_TOKEN, "admin token"),
    (ANYBODY, ""),
)


def http_page(release: Release) -> str:
    """Every route by subject, as Markdown; also those that answer nothing until a secret is set."""
    groups: dict[str, list[Operation]] = {}
    for one in operations_of(release, closed=True):
        groups.setdefault(one.tag, []).append(one)
    lines = [HEAD, ""]
    for tag, operations in groups.items():
        lines += [f"## {tag}", "", "| route | what it does | takes | needs | answers |"]
        lines += ["| --- | --- | --- | --- | --- |", *map(_row, operations), ""]
    return "\n".join(lines)


def openapi_text(release: Release) -> str:
    """The document as JSON that people can read."""
    plain = loads(dumps(openapi(release, closed=True)))
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def _row(one: Operation) -> str:
    needs = next(name for security, name in WHO if security == one.security)
    told = " ".join(filter(None, (one.summary, one.description)))
    if one.tag == POSTS and one.security == ANYBODY:
        needs, told = "signature", one.summary
    cells = (
        f"`{one.method.upper()} {one.path}`",
        told,
        ", ".join(_taken(one)),
        needs,
        ", ".join(map(str, sorted(one.answers))),
    )
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _taken(one: Operation) -> Iterator[str]:
    """The parameters of the query, those that are needed in bold, and what the body is."""
    for parameter in one.parameters:
        if parameter["in"] == "query":
            name = f"`{parameter['name']}`"
            yield f"**{name}**" if parameter.get("required") else name
    if one.body is not None:
        content = as_body(one.body["content"])
        schema = as_body(as_body(content["application/json"]).get("schema"))
        reference = str(schema.get("$ref", "")).rpartition("/")[2]
        yield f"body: {reference}" if reference else "body"
