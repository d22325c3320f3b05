"""Versions of vendors' APIs that end soon."""

from datetime import UTC, date, datetime

from engine.model.clock import Millis
from engine.model.finding import Finding, warning
from engine.release.release import Release

WARN_DAYS = 90


def check_sunset(release: Release, now: Millis) -> list[Finding]:
    """A warning from 90 days before the ``sunset:`` of a destination."""
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    findings = []
    for destination in release.destinations:
        if destination.sunset is None:
            continue
        left = (date.fromisoformat(destination.sunset) - today).days
        if left <= WARN_DAYS:
            when = f"ends in {left} days" if left >= 0 else "has ended"
            findings.append(
                warning(
                    "W404",
                    destination.place,
                    f"the API version of {destination.name} {when}, on {destination.sunset}",
                    "see the vendor's changelog, then raise the version in settings",
                )
            )
    return findings
