"""Project -> Release: compiles every file, and collects every finding in one run."""

from engine.model.cache import Caches
from engine.model.event import Source
from engine.model.finding import Finding, error, in_order, warning
from engine.project.spec import Project, ProjectSpec
from engine.release.destination import Destination, build_destination
from engine.release.inbound import build_inbounds
from engine.release.plan import build_plan
from engine.release.release import Release
from engine.release.settings import render_text

NAME_LENGTH = 12


def build_release(
    project: Project, caches: Caches, *, with_off: bool = True
) -> tuple[Release, list[Finding]]:
    """The release of a project and what is wrong with it.

    With an error among the findings it lacks what could not be compiled: it is to be checked, so
    that all findings are told in one run, and not to be served. A server needs nothing of the
    destinations that are off but their names: it builds without ``with_off``.
    """
    plan, findings = build_plan(project.schemas)
    destinations, faults = _destinations(project, caches, with_off=with_off)
    findings += faults
    inbounds, faults = build_inbounds(project, caches)
    findings += faults
    write_keys, faults = _write_keys(project)
    findings += faults
    return Release(
        project.digest[:NAME_LENGTH],
        project.spec,
        plan,
        destinations,
        write_keys,
        project.env,
        inbounds,
    ), in_order(findings)


def _destinations(
    project: Project, caches: Caches, *, with_off: bool
) -> tuple[tuple[Destination, ...], list[Finding]]:
    rules = {name: file for file in project.rule_files for name in file.destinations}
    findings: list[Finding] = []
    built = []
    for spec in project.destinations:
        destination, faults = build_destination(
            spec, rules.get(spec.name), project, caches, with_off=with_off
        )
        findings += faults
        if destination is not None:
            built.append(destination)
        if spec.name not in rules and project.whole:
            findings.append(
                warning(
                    "W301",
                    spec.document.place("name"),
                    f"destination {spec.name} has no rules, so it gets no event",
                    f"write rules/{spec.name}.yaml, or name it in the destination: of others",
                )
            )
    return tuple(built), findings


def _write_keys(project: Project) -> tuple[dict[str, Source], list[Finding]]:
    keys: dict[str, Source] = {}
    findings: list[Finding] = []
    for spec in project.spec.sources:
        key, faults = render_text(spec.write_key, project.env)
        findings += faults
        if not key:
            continue
        if (other := keys.get(key)) is not None:
            findings.append(_shared_key(project.spec, spec.name, other.name))
        keys[key] = Source(spec.name, spec.kind, spec.unplanned)
    return keys, findings


def _shared_key(spec: ProjectSpec, name: str, other: str) -> Finding:
    return error(
        "E314",
        spec.document.place("sources", name, "write_key"),
        f"sources {other} and {name} have the same write key",
        "give each source a key of its own",
    )
