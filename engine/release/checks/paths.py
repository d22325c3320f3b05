"""Paths of a destination file that lead to nothing in any payload."""

from collections.abc import Iterator

from engine.model.finding import Finding, warning
from engine.release.destination import Destination
from engine.release.release import Release


def check_paths(release: Release) -> list[Finding]:
    """A warning for each path that no rule of its destination gives: it would count nothing."""
    return [
        warning(
            "W303",
            destination.place,
            f"{key}: no rule of {destination.name} gives {'.'.join(path)}",
            "write the path as it stands in the payload: encamina dry-run shows one",
        )
        for destination in release.destinations
        if destination.routes.rules
        for key, path in _paths(destination)
        if not _is_given(destination, path)
    ]


def _paths(destination: Destination) -> Iterator[tuple[str, tuple[str, ...]]]:
    if destination.event_name is not None:
        yield "event_name", destination.event_name
    for name, path in destination.match_keys.items():
        yield f"match_keys.{name}", path


def _is_given(destination: Destination, path: tuple[str, ...]) -> bool:
    return any(
        leaf[: len(path)] == path
        for rule in destination.routes.rules
        if rule.template is not None
        for leaf, _ in rule.template.leaves
    )
