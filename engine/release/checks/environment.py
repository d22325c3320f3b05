"""Checks of the environment: what the destinations need of it, and what would count twice there."""

from collections.abc import Iterator

from engine.model.document import Place
from engine.model.finding import Finding, warning
from engine.release.credentials import key_fault
from engine.release.destination import Destination, Mode
from engine.release.release import Release


def check_environment(release: Release) -> list[Finding]:
    """Findings about variables that are unset or no use, and destinations that count as one."""
    return [
        *_unset(release),
        *_unset_pulls(release),
        *_no_keys(release),
        *_counted_twice(release),
        *_unusable_keys(release),
        *_unknown_vendors(release),
    ]


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
    with_key = {source.name for source in release.keys.write.values()}
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


def _unusable_keys(release: Release) -> Iterator[Finding]:
    for destination in release.destinations:
        account = destination.auth
        if destination.mode is Mode.OFF or account is None or not account.credentials:
            continue
        if fault := key_fault(account):
            yield warning(
                "W406",
                destination.place,
                f"{account.called}: {fault}, so {destination.name} will be paused "
                "and its events kept",
                "give the path of the key's file, from the project folder, or its JSON",
            )


def _unknown_vendors(release: Release) -> Iterator[Finding]:
    mode = release.env.get("ENCAMINA_VENDORS", "sandbox")
    if mode not in ("sandbox", "live"):
        yield warning(
            "W407",
            Place(".env"),
            f'ENCAMINA_VENDORS is "{mode}", so nothing will be served',
            "expected sandbox or live, in the environment or in .env",
        )
