"""Which fields a schema names at a path, through ``$ref``, ``allOf``, ``anyOf`` and ``oneOf``."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.model.jsonvalue import Body, Json, as_body

IN_PLACE = ("allOf", "anyOf", "oneOf")
"""Keywords whose schemas speak of the same value."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A schema and the file it stands in."""

    file: str
    schema: Body


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one schema; ``schemas`` are all of the project, by path."""

    file: str
    schemas: Mapping[str, Body]
    _found: dict[tuple[str, ...], frozenset[str] | None] = field(default_factory=dict)

    def names_at(self, path: tuple[str, ...]) -> frozenset[str] | None:
        """The names of the fields of the object at ``path`` (``[]`` for a list's element).

        None where no schema says anything about the fields there.
        """
        if path not in self._found:
            self._found[path] = self._names_at(path)
        return self._found[path]

    def _names_at(self, path: tuple[str, ...]) -> frozenset[str] | None:
        nodes = self._in_place([_Node(self.file, self.schemas[self.file])])
        for step in path:
            nodes = self._in_place([child for node in nodes for child in _children(node, step)])
        named = [as_body(node.schema.get("properties")) for node in nodes]
        return frozenset(name for one in named for name in one) if any(named) else None

    def required(self) -> frozenset[str]:
        """The fields that every object has to have, whatever else it holds."""
        nodes = self._in_place([_Node(self.file, self.schemas[self.file])], ("allOf",))
        listed = [node.schema.get("required") for node in nodes]
        names = [one for some in listed if isinstance(some, list) for one in some]
        return frozenset(name for name in names if isinstance(name, str))

    def _in_place(self, nodes: list[_Node], keywords: tuple[str, ...] = IN_PLACE) -> list[_Node]:
        """These nodes and all that speak of the same value."""
        seen: dict[tuple[str, int], _Node] = {}
        todo = list(nodes)
        while todo:
            node = todo.pop()
            key = (node.file, id(node.schema))
            if key in seen:
                continue
            seen[key] = node
            todo += self._referred(node)
            for keyword in keywords:
                branches = node.schema.get(keyword)
                if isinstance(branches, list):
                    todo += [_Node(node.file, as_body(branch)) for branch in branches]
        return list(seen.values())

    def _referred(self, node: _Node) -> Iterator[_Node]:
        reference = node.schema.get("$ref")
        if not isinstance(reference, str):
            return
        name, _, pointer = reference.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(node.file), name))
        file = file if name else node.file
        schema: Json = self.schemas.get(file)
        for step in pointer.split("/")[1:]:
            schema = as_body(schema).get(step.replace("~1", "/").replace("~0", "~"))
        if isinstance(schema, Mapping):
            yield _Node(file, schema)


def _children(node: _Node, step: str) -> Iterator[_Node]:
    child = (
        node.schema.get("items")
        if step == "[]"
        else as_body(node.schema.get("properties")).get(step)
    )
    if isinstance(child, Mapping):
        yield _Node(node.file, child)
