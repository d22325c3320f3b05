"""The ``auth:`` of a destination, compiled: how it gets the token that each request carries."""

from dataclasses import dataclass

from engine.model.finding import Finding
from engine.project.spec import AuthSpec, Project
from engine.release.requests import ENV
from engine.release.settings import render_text


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account that proves itself with a signed statement and gets a token for it.

    ``credentials`` is the JSON of its key, or the path of the file that holds it; ``called`` is how
    a person knows where they come from.
    """

    credentials: str
    scope: str
    token_url: str
    called: str


def compile_auth(
    spec: AuthSpec | None, project: Project
) -> tuple[ServiceAccount | None, tuple[str, ...], list[Finding]]:
    """The account, the variables that it needs and that are not set, and the findings."""
    if spec is None:
        return None, (), []
    credentials, findings = render_text(spec.credentials, project.env)
    scope, faults = render_text(spec.scope, project.env)
    findings += faults
    token_url, faults = render_text(spec.token_url, project.env)
    findings += faults
    names = tuple(dict.fromkeys(ENV.findall(str(spec.credentials.value))))
    credentials = credentials.strip()
    if credentials and not credentials.startswith("{"):
        credentials = str(project.root / credentials)
    unset = () if credentials else tuple(name for name in names if name not in project.env)
    called = " or ".join(names) or "auth.credentials"
    return ServiceAccount(credentials, scope, token_url, called), unset, findings
