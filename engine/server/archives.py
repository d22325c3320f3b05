"""Whether archives can be written where they are to lie: asked before anything is served."""

from collections.abc import Iterator
from pathlib import Path

from engine.delivery.archive_files import folder_fault
from engine.model.finding import Finding, warning
from engine.release.destination import Mode
from engine.release.release import Release


def check_archive_folders(release: Release, data: Path) -> Iterator[Finding]:
    """A finding for each archive whose folder can't be written into; relative ones are in data."""
    for one in release.destinations:
        if one.archive is None or one.mode is Mode.OFF:
            continue
        if fault := folder_fault(data / one.archive.folder):
            message = f"{one.name} can't be written: {fault}; what it is to get waits"
            yield warning("W410", one.place, message, "give archive.folder another path")
