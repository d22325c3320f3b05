"""What a stand-in is asked and what it answers: the values between ``app`` and the vendors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Manner: TypeAlias = Literal["answered", "slow", "silent", "cut"]
"""How a reply travels: at once, late, never, or broken off in the middle."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to a vendor; ``path`` is the vendor's own, ``at`` the sandbox's clock."""

    vendor: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    at: float

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty when none was named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What the vendor would hold against an event it took; ``index`` is None for the request."""

    index: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The vendor's answer: text goes out as it stands, None as an empty body, the rest as JSON."""

    status: int
    content: Json = None
    accepted: tuple[str | None, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "text/plain"
    manner: Manner = "answered"


Script: TypeAlias = Callable[[Call, Callable[[], Reply]], Reply]
"""A fault: it calls the second argument to have the request taken as usual, or it does not."""


def dedupe_key(value: Json) -> str | None:
    """The value as text where it can serve as a key: a text that isn't empty, or a number."""
    match value:
        case bool() | None | list() | dict() | "":
            return None
        case _:
            return str(value)


def texts_within(value: Json) -> Iterator[str]:
    """Every text in the value, at any depth; keys are none."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case list() as elements:
                waiting.extend(elements)
            case dict() as members:
                waiting.extend(members.values())
