"""The operations that a project's files make: posts of any shape, and questions to the store."""

from collections.abc import Iterator, Mapping, Sequence

from engine.api.inbound import PREFIX, SET_ASIDE
from engine.api.openapi.parts import (
    ANYBODY,
    READ_TOKEN,
    WRITE_KEY,
    Operation,
    in_path,
    in_query,
    json_answer,
    json_body,
    refusals,
)
from engine.api.openapi.schemas import component_name, referred
from engine.model.jsonvalue import Body, Json
from engine.release.inbound import InboundMapping
from engine.release.posts import Post
from engine.release.release import Release
from engine.store.arguments import DATED, LONGEST
from engine.store.declared import MOST, Parameter, Question
from engine.store.interface import Model
from engine.store.questions import QUESTIONS
from engine.store.shapes import CONVERSION, EVENT, INTERACTION, PAGE_VIEW

POSTS, ANALYTICS = "Posts", "Analytics"

MODELS: Mapping[Model, tuple[str, Body]] = {
    Model.EVENT: ("AnalyticsEvent", EVENT),
    Model.PAGE_VIEW: ("PageViewEvent", PAGE_VIEW),
    Model.CONVERSION: ("ConversionEvent", CONVERSION),
    Model.INTERACTION: ("UserInteractionEvent", INTERACTION),
}
"""The four models by the names that the shop's service has for them, and their schemas."""

NEST = "NestRefusal"
TOLD: Body = {
    "Warning": {
        "description": "What is told of a body that is taken all the same.",
        "schema": {"type": "string"},
    },
    "Idempotent-Replayed": {
        "description": "true where all of the body came before; without it, some of it is new.",
        "schema": {"type": "string", "const": "true"},
    },
}
EMPTY: Body = {"type": "string", "maxLength": 0}
MOMENT: Body = {
    "description": "Empty is as if it were left out.",
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "integer"},
        EMPTY,
    ],
}


def posted_operations(release: Release, *, closed: bool) -> Iterator[Operation]:
    """Two or more of each mapping that bodies are posted to.

    With ``closed`` those too that answer nothing yet, as the secret of their signature isn't set.
    """
    for mapping in release.inbounds:
        if mapping.post is not None and (closed or mapping.post.is_open):
            for path in (*mapping.post.paths, PREFIX + mapping.name):
                yield _posted(mapping, mapping.post, path)


def _posted(mapping: InboundMapping, post: Post, path: str) -> Operation:
    schema: Body = {}
    examples: Json = []
    title = f"Take what is posted to {mapping.name}"
    if post.body is not None:
        schema = referred(component_name(post.body.path))
        file = post.body.schemas[post.body.path]
        examples = file.get("examples", [])
        title = str(file.get("description") or title).partition(". ")[0]
    word = "ingest" if path.startswith(PREFIX) else "post"
    return Operation(
        "post",
        path,
        POSTS,
        f"{word}_{mapping.name}".replace("-", "_"),
        title.rstrip(".") + ".",
        {**_taken(mapping, post), **refusals(400, 401, 403, 429, 503, schema=NEST)},
        "Whoever sends has signed the body; there is no key." if post.signature else "",
        body=json_body(schema, examples if isinstance(examples, list) else ()),
        security=ANYBODY if post.signature is not None else WRITE_KEY,
    )


def _taken(mapping: InboundMapping, post: Post) -> dict[int, Body]:
    """The answers to what is taken."""
    verdicts = referred("Verdicts")
    if post.answer != "document":
        return {post.status: json_answer("Taken.", verdicts, TOLD)}
    models = [referred(MODELS[one][0]) for one in Model if post.model in (None, one)]
    document: Body = models[0] if len(models) == 1 else {"anyOf": models}
    if not all(one.is_single for one in mapping.each):
        document = {"anyOf": [document, {"type": "array", "items": document}]}
    if post.status == SET_ASIDE:
        either: Body = {"anyOf": [document, verdicts]}
        return {SET_ASIDE: json_answer("Taken: the document, if one is stored.", either, TOLD)}
    return {
        post.status: json_answer("Taken: the document as it is stored.", document, TOLD),
        SET_ASIDE: json_answer("Taken, and no document of it is stored.", verdicts, TOLD),
    }


def question_operations() -> Iterator[Operation]:
    """One of each question."""
    for question in QUESTIONS:
        link: Body = {
            "Link": {
                "description": "Leads to the next page, with rel=next; missing on the last one.",
                "schema": {"type": "string"},
            }
        }
        answer = json_answer("The answer.", question.answer, link if question.pages else None)
        yield Operation(
            "get",
            question.path,
            ANALYTICS,
            question.name,
            question.doc,
            {200: answer, **refusals(400, 401, 403, 404, 429, 503, schema=NEST, asks=True)},
            f"NestJS pattern: {question.pattern}.",
            (*map(_parameter, question.parameters), *_common(question)),
            security=READ_TOKEN,
        )


def _parameter(parameter: Parameter) -> Body:
    schema: Body = {"type": "string", "maxLength": LONGEST, "pattern": "^[^\\u0000]*$"}
    if parameter.required:
        schema = {**schema, "minLength": 1}
    if parameter.choices:
        schema = {"enum": list(parameter.choices)}
    if parameter.duration:
        schema = {"type": "string", "pattern": "^[1-9][0-9]{0,5}[mhd]$"}
    if parameter.in_path:
        return in_path(parameter.name, parameter.doc, schema)
    doc = _with_aliases(parameter.doc, parameter.aliases)
    return in_query(parameter.name, doc, schema, required=parameter.required)


def _with_aliases(doc: str, aliases: Sequence[str]) -> str:
    """As parameters of their own they would be told as needed, or as free where one is needed."""
    return f"{doc}; also taken as {', '.join(aliases)}" if aliases else doc


def _common(question: Question) -> Iterator[Body]:
    if question.limited:
        schema: Body = {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST,
            "default": question.usual,
        }
        yield in_query("limit", "how many at most", schema)
    if question.pages:
        doc = (
            "timestamp and _id of the last document before, joined by _; as the header Link has it"
        )
        yield in_query("cursor", doc, {"type": "string"})
    if question.dated:
        docs = {
            "from": "from this moment on: ISO 8601, or ms since 1970",
            "to": "up to this moment; a day alone counts whole",
        }
        for name, doc in docs.items():
            yield in_query(name, _with_aliases(doc, DATED[name][1:]), MOMENT)
