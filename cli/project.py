"""--project: from a folder to a release, or to the findings that prevent one."""

from pathlib import Path

import typer

from cli.output import Exit, err, plain, print_findings
from engine.model.cache import Caches
from engine.model.finding import Finding, has_errors, in_order
from engine.project.read import read_project
from engine.project.spec import Project
from engine.release.build import build_release
from engine.release.checks.run import check
from engine.release.release import Release


def load(
    folder: Path, caches: Caches, *, with_off: bool = True
) -> tuple[Project | None, Release | None, list[Finding]]:
    """What is in the folder, compiled, with every finding; the release is None on errors."""
    project, findings = read_project(folder)
    if project is None:
        return None, None, in_order(findings)
    release, faults = build_release(project, caches, with_off=with_off)
    findings = in_order([*findings, *faults, *check(project, release)])
    return project, None if has_errors(findings) else release, findings


def release_of(folder: Path, caches: Caches) -> Release:
    """The release of a project without errors; else prints them and exits."""
    _, release, findings = load(folder, caches)
    if release is None:
        print_findings(findings)
        where = plain(str(folder.resolve()))
        err().print(f"[red]The project in {where} has errors[/]; nothing was done.")
        raise typer.Exit(Exit.COULD_NOT_RUN)
    return release
