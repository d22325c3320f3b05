"""Checks of the environment: what the destinations need of it, and what would count twice there."""

from collections.abc import Iterator

from engine.model.finding import Finding, warning
from engine.release.destination import Destination, Mode
from engine.release.release import Release


def check_environment(release: Release) -> list[Finding]:
    """Findings about variables that are not set and destinations that count in one place."""
    return [*_unset(release), *_unset_pulls(release), *_no_keys(release), *_counted_twice(release)]


def _unset(release: Release) -> Iterator[Finding]:
    for destination in release.destinations:
        if destination.mode is Mode.OFF:
            continue
        for name in destination.unset:
            yield warning(
                "W401",
                destination.place,
                f"{name} is not set, so {destination.name} will be paused and its events kept",
                "set it in the environment or in .env",
            )


def _unset_pulls(release: Release) -> Iterator[Finding]:
    for mapping in release.inbounds:
        if mapping.pull is None or mapping.pull.mode is Mode.OFF:
            continue
        for name in mapping.pull.unset:
            yield warning(
                "W405",
                mapping.place,
                f"{name} is not set, so {mapping.name} will fetch nothing",
                "set it in the environment or in .env",
            )


def _no_keys(release: Release) -> Iterator[Finding]:
    with_key = {source.name for source in release.write_keys.values()}
    for source in release.spec.sources:
        if source.name not in with_key:
            yield warning(
                "W402",
                source.write_key.place(),
                f"source {source.name} has no write key, so nobody can send as it",
                "set the environment variable that write_key reads",
            )


def _counted_twice(release: Release) -> Iterator[Finding]:
    counted: dict[str, Destination] = {}
    for destination in release.destinations:
        if destination.mode is not Mode.LIVE or not destination.counts_in:
            continue
        other = counted.setdefault(destination.counts_in, destination)
        if other is not destination:
            yield warning(
                "W403",
                destination.place,
                f"{other.name} and {destination.name} are both live and count in "
                f"{destination.counts_in}: each event would count twice there",
                "set the mode of one of them to off or shadow",
            )
