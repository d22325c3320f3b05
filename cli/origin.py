"""Where parts of an event come from, or all of it, where its source didn't say them: lines."""

from collections.abc import Iterator
from typing import Any

from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body


def origin_lines(event: Event) -> Iterator[str]:
    """What was filled in from memory and from figures, and what the event was made of."""
    context = as_body(event.body.get("context"))
    for key, where in (("remembered", "memory"), ("filled", "figures (rules/derived/)")):
        listed = context.get(key)
        if isinstance(listed, list) and listed:
            yield f"filled in from {where}: {', '.join(map(str, listed))}"
    derived = origin_json(event)
    if derived:
        yield f"made by rules/derived/ {derived['by']}, of {derived['cause']}"
    meant = meant_json(event)
    if meant:
        fields = ", ".join(map(str, meant["fields"])) or "the body"
        yield f"meant as {meant['event']}, kept as a custom event: see {fields} in what was posted"
    assumed = as_body(as_body(context.get("consent")).get("assumed"))
    if assumed:
        said = sorted(f"{name} {'granted' if one else 'refused'}" for name, one in assumed.items())
        yield f"consent assumed where nothing is stated: {', '.join(said)}"


def origin_json(event: Event) -> Body:
    """``{"by", "cause"}``: the file that made the event, and the id of the event it is made of."""
    derived = as_body(as_body(event.body.get("context")).get("derived"))
    told: dict[str, Json] = {key: derived[key] for key in ("by", "cause") if key in derived}
    return told if len(told) == 2 else {}


def meant_json(event: Event) -> dict[str, Any]:
    """``{"event", "fields"}`` of what was posted as another event than it is kept as.

    The event is that of the plan, the fields are those of the body for which it is none of these.
    """
    posted = as_body(as_body(event.body.get("context")).get("posted"))
    if not isinstance(posted.get("meant"), str):
        return {}
    wrong = posted.get("wrong")
    return {"event": posted["meant"], "fields": [*wrong] if isinstance(wrong, list) else []}
