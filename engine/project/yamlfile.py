"""YAML with the place of every value and key, strict and bounded: the one door to PyYAML.

The C parser reads where there is one. Both parsers give the same: files about which they differ
(tabs), and the words for what is wrong come from the plain one, but in very large files. One
difference is left: a ``?`` within an unquoted word in ``{}`` or ``[]``, which the C parser takes.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

from engine.model.document import Document, Place
from engine.model.finding import Finding, error
from engine.project.nodes import (
    DEEPEST,
    Alias,
    Fields,
    Items,
    Node,
    Scalar,
    Unreadable,
    document_of,
    too_deep,
)
from engine.project.scalars import value_of
from engine.project.text import decode
from engine.project.yamlwords import Complaint, telling

Event: TypeAlias = Any  # PyYAML's events have no common type that tells what they carry
PLAIN = yaml.SafeLoader
FAST = getattr(yaml, "CSafeLoader", PLAIN)
DIFFER = re.compile(r"\t|[|>][-+0-9]*#")
"""What the C parser takes and the plain one refuses, as YAML does."""

READ_AGAIN = 200_000
"""Characters that the plain parser goes through again for its words: it takes 8 s for 1,000,000."""

TAG_PREFIX = "tag:yaml.org,2002:"


def read_yaml(
    file: str, data: bytes, loader: type[Any] = FAST
) -> tuple[Document | None, list[Finding]]:
    """The document in ``data``, None where it can't be read; and every finding about its form."""
    try:
        text = decode(file, data)
        return _read(file, text, PLAIN if DIFFER.search(text) else loader)
    except Unreadable as fault:
        return None, [fault.finding]


def _read(file: str, text: str, loader: type[Any]) -> tuple[Document | None, list[Finding]]:
    findings: list[Finding] = []
    try:
        root = _Composer(file, text, yaml.parse(text, Loader=loader), findings).root()
        return document_of(file, root), findings
    except Unreadable as fault:
        return None, [*findings, fault.finding]
    except yaml.MarkedYAMLError as fault:
        if loader is not PLAIN and len(text) <= READ_AGAIN:
            return _read(file, text, PLAIN)
        return None, [*findings, _told(file, fault)]


def _told(file: str, fault: yaml.MarkedYAMLError) -> Finding:
    start, mark = fault.context_mark, fault.problem_mark
    complaint = Complaint(
        str(fault.problem), str(fault.context or ""), start.line + 1 if start else None
    )
    told = telling(complaint)
    at = start if told.at_start and start else mark or start
    place = Place(file, at.line + 1, at.column + 1) if at else Place(file)
    return error(told.code, place, told.message, told.hint)


class _Composer:
    """Makes nodes of the events of one file; what can be read on is a finding, else it stops."""

    def __init__(
        self, file: str, text: str, events: Iterator[Event], findings: list[Finding]
    ) -> None:
        self._file = file
        self._text = text
        self._events = events
        self._findings = findings
        self._anchors: dict[str, Node | None] = {}

    def root(self) -> Node:
        """The node of the one document of the file."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._stop("E108", event, "a second document begins here", "one a file")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 0)
        if root is None or (isinstance(root, Scalar) and root.value is None):
            raise Unreadable(error("E102", Place(self._file), "the file is empty"))
        return root

    def _node(self, event: Event, depth: int) -> Node:
        if depth > DEEPEST:
            raise too_deep(self._place(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._refuse_tag(event)
        node = self._content(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Event, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(event, depth)
        return self._fields(event, depth)

    def _alias(self, event: Event) -> Node:
        node = self._anchors.get(event.anchor)
        if node is not None:
            return Alias(self._place(event), node)
        inside = event.anchor in self._anchors
        message = f"*{event.anchor} stands inside itself" if inside else f"no &{event.anchor} above"
        raise self._stop("E110", event, message, "write out what you mean")

    def _scalar(self, event: Event) -> Scalar:
        place = self._place(event)
        if not event.implicit[0]:
            return Scalar(place, event.value)
        try:
            return Scalar(place, value_of(event.value))
        except ValueError as fault:
            self._find("E111", event, str(fault), "put it in quotes if it is a text")
            return Scalar(place, event.value)

    def _items(self, event: Event, depth: int) -> Items:
        node = Items(self._place(event))
        for item in self._until(yaml.SequenceEndEvent):
            node.items.append(self._node(item, depth + 1))
        return node

    def _fields(self, event: Event, depth: int) -> Fields:
        node = Fields(self._place(event))
        for key_event in self._until(yaml.MappingEndEvent):
            key_node = self._node(key_event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if isinstance(value, Scalar) and value.value is None:
                value.place = self._place(key_event)  # of a value left out, parsers differ
            key = self._key(key_event, key_node)
            if key is None:
                continue
            if (first := node.fields.get(key)) is not None:
                self._find(
                    "E104",
                    key_event,
                    f'"{key}" stands twice, first in line {first[0].line}',
                    "keep one of the two",
                )
                continue
            node.fields[key] = (self._place(key_event), value)
        return node

    def _key(self, event: Event, node: Node) -> str | None:
        """The key, or None with a finding where it is no text."""
        if not isinstance(event, yaml.ScalarEvent):
            self._find("E105", event, *self._no_key(event))
        elif event.value == "<<" and event.implicit[0]:
            self._find(
                "E107", event, "merge keys are not read", "name the keys, or use fragments and $use"
            )
        elif isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        else:
            shown = event.value or "nothing"
            self._find("E105", event, f"the key {shown} is no text", f'write "{event.value}":')
        return None

    def _no_key(self, event: Event) -> tuple[str, str]:
        mark = event.start_mark
        line: str = re.split(r"\r\n|\r|\n", self._text)[mark.line]
        if "{{" in (line[mark.column : mark.column + 2], line[max(0, mark.column - 1) :][:2]):
            return "an expression without quotes is read as an object", 'write "{{ … }}"'
        return "a key is a text", "write a word, or a text in quotes"

    def _until(self, end: type[Any]) -> Iterator[Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _refuse_tag(self, event: Event) -> None:
        if event.tag is None:
            return
        shown = event.tag.replace(TAG_PREFIX, "!!", 1)
        self._find("E106", event, f"the tag {shown} is not read", "write the value alone")

    def _place(self, event: Event) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _find(self, code: str, event: Event, message: str, hint: str) -> None:
        self._findings.append(error(code, self._place(event), message, hint))

    def _stop(self, code: str, event: Event, message: str, hint: str) -> Unreadable:
        return Unreadable(error(code, self._place(event), message, hint))
