"""Archives: each has a folder of its own."""

from engine.model.finding import Finding, error
from engine.release.release import Release


def check_archive(release: Release) -> list[Finding]:
    """Errors about an archive in the folder of another."""
    first: dict[str, str] = {}
    findings: list[Finding] = []
    for one in release.destinations:
        if one.archive is None:
            continue
        other = first.setdefault(one.archive.folder, one.name)
        if other != one.name:
            findings.append(
                error(
                    "E332",
                    one.place,
                    f"{one.name} writes into the folder of {other}",
                    "give archive.folder another path: the files have one writer",
                )
            )
    return findings
