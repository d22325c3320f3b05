"""Secrets that stand in ``encamina.yaml`` itself, where every copy of the files shows them."""

from collections.abc import Iterator

from engine.model.document import Document
from engine.model.event import SourceKind
from engine.model.finding import Finding, warning
from engine.project.spec import Project
from engine.release.settings import render_text

TOKENS = {"admin_token": "ENCAMINA_ADMIN_TOKEN", "read_token": "ENCAMINA_READ_TOKEN"}
"""The tokens of ``server:``, and a variable to read each from."""


def check_secrets(project: Project) -> list[Finding]:
    """A warning for each write key and token that is written out; what was found is not shown."""
    return [*_write_keys(project), *_tokens(project)]


def _write_keys(project: Project) -> Iterator[Finding]:
    for source in project.spec.sources:
        # Every visitor of a site can read the key of its pages: it is no secret.
        if source.kind is not SourceKind.BROWSER and _is_written_out(source.write_key):
            name = f"{source.name.upper().replace('-', '_')}_WRITE_KEY"
            yield warning(
                "W342",
                source.write_key.place(),
                f"source {source.name}: its write key stands in this file in clear",
                f'write "{{{{ env.{name} }}}}" and set {name} in .env, or give its hash alone as '
                "write_key_sha256 (printf %s KEY | sha256sum gives it); "
                f"encamina keys create --source {source.name} makes a new key",
            )


def _tokens(project: Project) -> Iterator[Finding]:
    for name, variable in TOKENS.items():
        token = project.spec.document.at("server", name)
        if _is_written_out(token):
            yield warning(
                "W342",
                token.place(),
                f"server.{name} stands in this file in clear",
                f'write "{{{{ env.{variable} }}}}", set {variable} in .env, and take another value',
            )


def _is_written_out(text: Document) -> bool:
    """Whether there is a value where the environment is empty."""
    value, _ = render_text(text, {})
    return bool(value)
