"""What a YAML parser complains of, in words that tell what to do."""

import re
from collections.abc import Callable
from dataclasses import dataclass

QUOTES = "put the text in quotes"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the parser said: its words, the lines (from 1) it was at and where that part began."""

    problem: str
    context: str
    began: int | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What the user is told; ``at_start`` where the place is the beginning of that part."""

    code: str
    message: str
    hint: str
    at_start: bool = False


def telling(complaint: Complaint) -> Telling:
    """The user's words for a complaint."""
    for pattern, tell in _TELLINGS:
        if found := re.search(pattern, complaint.problem):
            return tell(complaint, found)
    return Telling("E102", f"this is no YAML: {complaint.problem}", "check quotes and indentation")


_Tell = Callable[[Complaint, re.Match[str]], Telling]


def _fixed(code: str, message: str, hint: str, *, at_start: bool = False) -> _Tell:
    return lambda _, __: Telling(code, message, hint, at_start)


def _no_beginning(_: Complaint, found: re.Match[str]) -> Telling:
    return Telling("E102", f"a text can't begin with {found[1]}", QUOTES)


def _unfinished(complaint: Complaint, found: re.Match[str]) -> Telling:
    kind = "object" if found[1] == "}" else "list"
    since = f" of the {kind} that begins in line {complaint.began}" if complaint.began else ""
    return Telling("E102", f"a comma or {found[1]} is missing{since}", "close it, or quote a text")


def _end_of_quotes(complaint: Complaint, _: re.Match[str]) -> Telling:
    if "quoted" not in complaint.context:
        return Telling("E102", "the file ends too early", "see the lines above")
    return Telling("E102", "a quote is opened here and never closed", "close it", at_start=True)


_TELLINGS: tuple[tuple[str, _Tell], ...] = (
    (
        r"maximum nesting depth",
        _fixed("E109", "far too many levels of nesting", "write it flatter"),
    ),
    (r"character '\\t'|tab character", _fixed("E103", "a tab stands here", "indent with spaces")),
    (r"found character '(.)' that cannot start any token", _no_beginning),
    (
        r"alphabetic or numeric character",
        _fixed("E102", "a text can't begin with * or &", f"{QUOTES}, or close a quote above it"),
    ),
    (r"found character that cannot", _fixed("E102", "a text can't begin like this", QUOTES)),
    (
        r"mapping values are not allowed",
        _fixed(
            "E102",
            'a ":" makes no key here',
            'put a text that holds ": " in quotes, or check the indentation',
        ),
    ),
    (r"unexpected end of stream", _end_of_quotes),
    (r"expected ',' or '(.)'", _unfinished),
    (
        r"expected (<block end>|(the )?node content|key|'-')",
        _fixed("E102", "this does not go on what stands above", "check indentation and quotes"),
    ),
    (
        r"could not find expected ':'",
        _fixed("E102", "this key has no colon", 'write "key: value"', at_start=True),
    ),
    (
        r"sequence entries are not allowed",
        _fixed("E102", "a list can't begin here", "begin it in a line of its own"),
    ),
    (
        r"unknown escape character|expected escape sequence",
        _fixed("E102", "no such escape in double quotes", "use single quotes, or write \\\\"),
    ),
    (r"undefined tag handle|tag", _fixed("E106", "tags are not read", "write the value alone")),
)
