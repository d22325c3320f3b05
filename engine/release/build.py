"""Project -> Release: compiles every file, and collects every finding in one run."""

from engine.model.cache import Caches
from engine.model.finding import Finding, in_order, warning
from engine.project.spec import Project
from engine.release.browsers import build_browsers
from engine.release.circles import circles
from engine.release.derived import build_derived
from engine.release.destination import Destination, build_destination
from engine.release.inbound import build_inbounds
from engine.release.keys import build_keys
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
    derived, faults = build_derived(project, caches)
    faults += circles(derived)
    findings += faults
    keys, faults = build_keys(project.spec, project.env)
    findings += faults
    browsers, faults = build_browsers(project)
    findings += faults
    store_url, faults = render_text(project.spec.store_url, project.env)
    findings += faults
    return Release(
        project.digest[:NAME_LENGTH],
        project.spec,
        plan,
        destinations,
        keys,
        project.env,
        inbounds,
        browsers,
        store_url,
        derived,
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
