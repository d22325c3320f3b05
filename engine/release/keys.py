"""The keys that ``encamina.yaml`` gives: write keys in clear or hashed, and the tokens."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.event import Source
from engine.model.finding import Finding, error
from engine.project.spec import ProjectSpec, SourceSpec
from engine.release.settings import render_text

SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileKeys:
    """Who may do what by the files.

    ``clear`` are the write keys that stand there as they are sent; ``write`` are all of them, by
    SHA-256 in hex, ``admin`` and ``read`` are those of the tokens, None where none is set.
    """

    clear: Mapping[str, Source] = field(default_factory=dict)
    write: Mapping[str, Source] = field(default_factory=dict)
    admin: str | None = None
    read: str | None = None


def digest_of(key: str) -> str:
    """The SHA-256 of a key, in hex: all that is ever stored of one."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def build_keys(project: ProjectSpec, env: Mapping[str, str]) -> tuple[FileKeys, list[Finding]]:
    """The keys of the settings, and what is wrong with them; a key that is not set is left out."""
    clear: dict[str, Source] = {}
    write: dict[str, Source] = {}
    findings: list[Finding] = []
    for spec in project.sources:
        source = Source(spec.name, spec.kind, spec.unplanned)
        key, faults = render_text(spec.write_key, env)
        digest, more = _hashed(spec, env)
        findings += [*faults, *more]
        if key:
            clear[key] = source
        for name, one in (("write_key", key and digest_of(key)), ("write_key_sha256", digest)):
            if one:
                findings += _shared(spec, name, write.get(one))
                write[one] = source
    admin, faults = _token("admin_token", project, env)
    findings += faults
    read, faults = _token("read_token", project, env)
    return FileKeys(clear, write, admin, read), findings + faults


def _token(
    name: str, project: ProjectSpec, env: Mapping[str, str]
) -> tuple[str | None, list[Finding]]:
    token, findings = render_text(project.document.at("server", name), env)
    return digest_of(token) if token else None, findings


def _hashed(spec: SourceSpec, env: Mapping[str, str]) -> tuple[str, list[Finding]]:
    text, findings = render_text(spec.write_key_sha256, env)
    digest = text.strip().lower()
    if not digest or SHA256.fullmatch(digest):
        return digest, findings
    # What was found is not shown: it may be the key itself.
    message = f"source {spec.name}: write_key_sha256 is no SHA-256; expected 64 hex digits"
    hint = "printf %s KEY | sha256sum gives it"
    return "", [*findings, error("E315", spec.write_key_sha256.place(), message, hint)]


def _shared(spec: SourceSpec, name: str, other: Source | None) -> list[Finding]:
    if other is None or other.name == spec.name:
        return []
    place = (spec.write_key if name == "write_key" else spec.write_key_sha256).place()
    message = f"sources {other.name} and {spec.name} have the same write key"
    return [error("E314", place, message, "give each source a key of its own")]
