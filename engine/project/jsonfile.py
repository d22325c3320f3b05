"""JSON with the place of every value and key, as strict and bounded as our YAML."""

import json
import re
from typing import Any

from engine.model.document import Document, Place
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Json
from engine.project.nodes import (
    DEEPEST,
    Fields,
    Items,
    Node,
    Scalar,
    Unreadable,
    document_of,
    too_deep,
)
from engine.project.scalars import finite, whole
from engine.project.text import decode

SPACE = re.compile(r"[ \t\n\r]*")
WORD = re.compile(r"[-+.0-9A-Za-z]+")
DECODER = json.JSONDecoder()


def read_json(file: str, data: bytes) -> tuple[Document | None, list[Finding]]:
    """The document in ``data``, None where it can't be read; and every finding about its form."""
    findings: list[Finding] = []
    try:
        text = decode(file, data)
        _refuse_what_is_no_json(file, text)
        root = _Walk(file, text, findings).root()
        return document_of(file, root), findings
    except Unreadable as fault:
        return None, [*findings, fault.finding]


def _refuse_what_is_no_json(file: str, text: str) -> None:
    try:
        json.loads(text, parse_constant=_no_constant, parse_int=str, parse_float=str)
    except json.JSONDecodeError as fault:
        place = Place(file, fault.lineno, fault.colno)
        raise Unreadable(
            error("E102", place, f"this is no JSON: {fault.msg}", "check quotes and commas")
        ) from None
    except RecursionError:
        raise too_deep(Place(file)) from None
    except ValueError:
        raise Unreadable(error("E111", Place(file), "NaN and Infinity are no JSON")) from None


def _no_constant(word: str) -> Any:
    raise ValueError(word)


class _Walk:
    """Goes through a text that is known to be JSON; ``_at`` is where it stands."""

    def __init__(self, file: str, text: str, findings: list[Finding]) -> None:
        self._file = file
        self._text = text
        self._findings = findings
        self._at = 0
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
        self._line = 0

    def root(self) -> Node:
        """The node of the whole text."""
        self._skip()
        return self._node(0)

    def _node(self, depth: int) -> Node:
        place = self._place()
        if depth > DEEPEST:
            raise too_deep(place)
        match self._text[self._at]:
            case "{":
                return self._fields(place, depth)
            case "[":
                return self._items(place, depth)
            case '"':
                return Scalar(place, self._string())
            case _:
                return self._word(place)

    def _fields(self, place: Place, depth: int) -> Fields:
        node = Fields(place)
        self._step()
        while self._text[self._at] != "}":
            key_place, key = self._place(), self._string()
            self._skip()
            self._step()
            value = self._node(depth + 1)
            if (first := node.fields.get(key)) is None:
                node.fields[key] = (key_place, value)
            else:
                message = f'"{key}" stands twice, first in line {first[0].line}'
                self._findings.append(error("E104", key_place, message, "keep one of the two"))
            self._next()
        self._at += 1
        return node

    def _items(self, place: Place, depth: int) -> Items:
        node = Items(place)
        self._step()
        while self._text[self._at] != "]":
            node.items.append(self._node(depth + 1))
            self._next()
        self._at += 1
        return node

    def _string(self) -> str:
        text, self._at = DECODER.raw_decode(self._text, self._at)
        return str(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _word(self, place: Place) -> Scalar:
        start, self._at = self._at, WORD.match(self._text, self._at).end()  # type: ignore[union-attr]  # it is JSON
        try:
            return Scalar(place, _value_of(self._text[start : self._at]))
        except ValueError:
            message = "a number of more than 64 bits, or too large"
            self._findings.append(error("E111", place, message, "write it as a text"))
            return Scalar(place, None)

    def _next(self) -> None:
        """To the next field or element, or to the end of this object or list."""
        self._skip()
        if self._text[self._at] == ",":
            self._step()

    def _step(self) -> None:
        self._at += 1
        self._skip()

    def _skip(self) -> None:
        self._at = SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # matches ""

    def _place(self) -> Place:
        while self._line + 1 < len(self._starts) and self._starts[self._line + 1] <= self._at:
            self._line += 1
        return Place(self._file, self._line + 1, self._at - self._starts[self._line] + 1)


def _value_of(word: str) -> Json:
    value = json.loads(word)
    if isinstance(value, bool) or value is None:
        return value
    return whole(value) if isinstance(value, int) else finite(value)
