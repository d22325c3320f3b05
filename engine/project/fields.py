"""Values out of a document whose shape was checked: with their defaults, units parsed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.networks import Network, parse_network
from engine.project.units import parse_duration, parse_rate, parse_share, parse_size

T = TypeVar("T")
D = TypeVar("D")


def text_of(document: Document, default: str = "") -> str:
    """The text, or the default where there is none."""
    return document.value if isinstance(document.value, str) else default


def optional_text(document: Document) -> str | None:
    """The text, or None where there is none."""
    return document.value if isinstance(document.value, str) else None


def texts_of(document: Document) -> tuple[str, ...]:
    """The texts of a list; a text alone is a list of one."""
    if isinstance(document.value, str):
        return (document.value,)
    return tuple(text_of(item) for item in document.elements())


def whole_of(document: Document, default: int) -> int:
    """The whole number, or the default where there is none."""
    value = document.value
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def number_of(document: Document, default: float) -> float:
    """The number, or the default where there is none."""
    value = document.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else default  # type: ignore[arg-type]  # it is a number


@dataclass(frozen=True, slots=True)
class Units:
    """Parses values that have a unit; what is no such value becomes a finding, and the default."""

    findings: list[Finding] = field(default_factory=list)

    def milliseconds(self, document: Document, default: D) -> int | D:
        """A time."""
        return self._parsed(document, parse_duration, default)

    def size_bytes(self, document: Document, default: D) -> int | D:
        """A size."""
        return self._parsed(document, parse_size, default)

    def rate_per_s(self, document: Document, default: D) -> float | D:
        """A rate."""
        return self._parsed(document, parse_rate, default)

    def networks(self, document: Document) -> tuple[Network, ...]:
        """A list of networks."""
        found = [self._parsed(one, parse_network, None) for one in document.elements()]
        return tuple(one for one in found if one is not None)

    def share(self, document: Document, default: D) -> float | D:
        """A part of the whole, 0 to 1."""
        return self._parsed(document, parse_share, default)

    def day(self, document: Document) -> str | None:
        """A date, as it is written."""
        return self._parsed(document, _day, None)

    def _parsed(self, document: Document, parse: Callable[[str], T], default: D) -> T | D:
        if not isinstance(document.value, str):
            return default
        try:
            return parse(document.value)
        except ValueError as fault:
            message = f"{document.root[-1]} is {document.value}, {fault}"
            self.findings.append(error("E150", document.place(), message))
            return default


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a day of the calendar such as 2028-07-29") from None
    return text
