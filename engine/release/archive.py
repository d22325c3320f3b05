"""The ``archive:`` of a destination, compiled: where its files are, and how many stay."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.model.finding import Finding
from engine.project.spec import ArchiveSpec
from engine.release.settings import render_text

FOLDER = "archive"


@dataclass(frozen=True, slots=True)
class Archive:
    """Files below ``folder``, which is relative to the data folder, or absolute.

    They go when they are older than ``keep_ms`` (None is never), or more than ``most_bytes``.
    ``deliveries`` says whether they tell of those too, at every destination.
    """

    folder: str
    keep_ms: int | None
    most_bytes: int
    deliveries: bool = False


def compile_archive(
    spec: ArchiveSpec, env: Mapping[str, str]
) -> tuple[Archive | None, list[Finding]]:
    """The archive, or None with the findings."""
    folder, findings = render_text(spec.folder, env) if spec.folder.value else (FOLDER, [])
    if findings:
        return None, findings
    return Archive(folder or FOLDER, spec.keep_ms, spec.most_bytes, spec.deliveries), []
