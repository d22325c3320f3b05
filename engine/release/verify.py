"""The ``verify:`` of a destination, compiled: how its vendor is asked, and records nothing."""

from dataclasses import dataclass, replace

from engine.mapping.compile import Template, compile_value
from engine.model.cache import Caches
from engine.model.finding import Finding
from engine.model.jsonvalue import Body
from engine.project.spec import DestinationSpec, Project
from engine.release.requests import RequestTemplates, compile_request
from engine.release.scope import RESPONSE_NAMES, scope


@dataclass(frozen=True, slots=True)
class Verification:
    """The request that asks, and ``problems``: what of the answer the vendor holds against it."""

    request: RequestTemplates
    problems: Template


def compile_verification(
    spec: DestinationSpec, settings: Body, project: Project, caches: Caches
) -> tuple[Verification | None, list[Finding]]:
    """The compiled section; None where there is none, or with the findings that prevent it."""
    verify = spec.verify
    if verify is None:
        return None, []
    request, findings = compile_request(
        replace(spec, request=verify.request), settings, project, caches
    )
    names = scope(RESPONSE_NAMES, tables=spec.tables, settings=spec.settings)
    problems, faults = compile_value(verify.problems, names, caches=caches)
    findings += faults
    if request is None or problems is None:
        return None, findings
    return Verification(request, problems), findings
