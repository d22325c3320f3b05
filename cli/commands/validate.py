"""``encamina validate``: checks every file together."""

from collections import Counter
from typing import Annotated

import typer

from cli.options import HERE, DataOption, JsonOption, NowOption, ProjectOption, data_folder, moment
from cli.output import Exit, err, out, print_findings, print_json
from cli.project import load
from engine.model.cache import Caches
from engine.model.finding import Finding, Severity, in_order
from engine.release.checks.environment import check_environment
from engine.release.checks.sunset import check_sunset
from engine.server.analytics import check_analytics
from engine.server.archives import check_archive_folders


def validate(
    project: ProjectOption = HERE,
    data: DataOption = None,
    strict: Annotated[bool, typer.Option(help="Exit with 1 for warnings too.")] = False,
    env: Annotated[
        bool, typer.Option("--env", help="Check the environment too: secrets that are not set.")
    ] = False,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every file of the project together, and tell every finding with its place.

    Exit code 1 if there is an error.

    Example: encamina validate --project shop
    """
    read, release, findings = load(project, Caches.on())
    if release is not None:
        findings += check_sunset(release, moment(now))
        findings += check_analytics(release, environment=env)
        findings += check_environment(release) if env else []
        findings += check_archive_folders(release, data_folder(project, data)) if env else []
    findings = in_order(findings)
    failed = _failed(findings, strict)
    if as_json:
        print_json({"ok": not failed, "findings": [finding.as_json() for finding in findings]})
    else:
        print_findings(findings)
        _conclude(findings)
        if read is not None and release is not None and not findings:
            rules = sum(len(one.routes.rules) for one in release.destinations)
            out().print(
                f"{len(release.plan.events)} event schemas, {len(release.destinations)} "
                f"destinations, {rules} rules, {len(release.inbounds)} inbound mappings, "
                f"{len(release.derived)} files of derived events: release {release.name}"
            )
    raise typer.Exit(Exit.FINDINGS if failed else Exit.FINE)


def _failed(findings: list[Finding], strict: bool) -> bool:
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return any(finding.severity in bad for finding in findings)


def _conclude(findings: list[Finding]) -> None:
    counts = Counter(finding.severity for finding in findings)
    if not findings:
        out().print("[green]No findings.[/]")
        return
    words = [
        f"{count} {severity}{'s' if count > 1 else ''}"
        for severity in Severity
        if (count := counts[severity])
    ]
    err().print(", ".join(words))
