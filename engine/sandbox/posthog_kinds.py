"""What PostHog's own events need, and which of its properties it passes over without a word."""

import math
from collections.abc import Iterator, Mapping

from engine.sandbox.call import Json
from engine.sandbox.posthog_events import Captured

NEEDED: Mapping[str, tuple[str, ...]] = {
    "$create_alias": ("alias",),
    "$groupidentify": ("$group_type", "$group_key"),
}
"""The properties that an event is about; without them it tells nothing."""
OBJECTS = ("$set", "$set_once", "$group_set", "$groups")
SIZES = ("$viewport_height", "$viewport_width")


def kind_notes(event: Captured) -> Iterator[tuple[str, str]]:
    """What is wrong with the special properties of an event that was taken."""
    properties = event.properties
    missing = [name for name in NEEDED.get(event.name, ()) if not properties.get(name)]
    if missing:
        yield "event_useless", f"{event.name} needs {', '.join(missing)}"
    for name in OBJECTS:
        if not isinstance(properties.get(name), dict | None):
            yield "property_ignored", f"{name} must be an object"
    unset = properties.get("$unset")
    if not (unset is None or (isinstance(unset, list) and all(_is_text(one) for one in unset))):
        yield "property_ignored", "$unset must be a list of names"
    if not isinstance(properties.get("$process_person_profile"), bool | None):
        yield "property_ignored", "$process_person_profile must be true or false"
    if event.name == "$$heatmap":
        yield from _heatmap(properties)


def _heatmap(properties: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if not all(_is_number(properties.get(name)) for name in SIZES) or not properties.get(
        "$session_id"
    ):
        yield "heatmap_dropped", "$viewport_height, $viewport_width and $session_id are needed"
    data = properties.get("$heatmap_data")
    pages = data.values() if isinstance(data, dict) else [None]
    if not all(isinstance(points, list) and all(map(_is_point, points)) for points in pages):
        yield "heatmap_dropped", "$heatmap_data must hold lists of points by URL"


def _is_point(point: Json) -> bool:
    return (
        isinstance(point, dict)
        and _is_number(point.get("x"))
        and _is_number(point.get("y"))
        and isinstance(point.get("target_fixed"), bool)
        and isinstance(point.get("type"), str)
        and bool(point["type"])
    )


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Json) -> bool:
    return isinstance(value, str)
