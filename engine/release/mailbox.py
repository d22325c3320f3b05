"""The ``mailbox:`` of a destination, compiled: whose payloads wait for a browser session."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.model.finding import Finding
from engine.project.spec import MailboxSpec
from engine.release.origins import read_origins


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How payloads wait: ``key`` is the path of the session's key in a payload.

    ``origins`` are written as browsers write them in the ``Origin`` header.
    """

    key: tuple[str, ...]
    keep_ms: int
    max_pending: int
    origins: frozenset[str]


def compile_mailbox(spec: MailboxSpec, env: Mapping[str, str]) -> tuple[Mailbox, list[Finding]]:
    """The mailbox, and a finding for each origin that is none."""
    origins, findings = read_origins(spec.origins, env)
    key = tuple(spec.key.split("."))
    return Mailbox(key, spec.keep_ms, spec.max_pending, origins), findings
