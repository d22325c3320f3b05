"""Findings: what is wrong in the project's files, with the place and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.model.document import Place
from engine.model.jsonvalue import Body


class Severity(StrEnum):
    """How bad: an error stops a release, a warning is shown, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: ``code`` is E, W or N and three digits; ``hint`` says what to do."""

    severity: Severity
    code: str
    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """The one line that every face shows."""
        tail = f"; {self.hint}" if self.hint else ""
        return f"{self.place} {self.code} {self.message}{tail}"

    def as_json(self) -> Body:
        """What ``validate --json`` prints."""
        return {
            "severity": str(self.severity),
            "code": self.code,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "hint": self.hint,
        }


def error(code: str, place: Place, message: str, hint: str = "") -> Finding:
    """A finding that stops the release."""
    return Finding(Severity.ERROR, code, place, message, hint)


def warning(code: str, place: Place, message: str, hint: str = "") -> Finding:
    """A finding that is shown and lets the release go."""
    return Finding(Severity.WARNING, code, place, message, hint)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by file, line and column, each once."""
    return sorted(set(findings), key=lambda one: (one.place, one.code, one.message))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of them stops the release."""
    return any(one.severity is Severity.ERROR for one in findings)
