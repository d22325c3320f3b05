"""Which fields a schema names at a path, through ``$ref``, ``allOf``, ``anyOf`` and ``oneOf``."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.model.jsonvalue import Body, Json, as_body, json_type

IN_PLACE = ("allOf", "anyOf", "oneOf")
"""Keywords whose schemas speak of the same value."""

TYPES = frozenset(("text", "number", "boolean", "object", "list", "null"))
"""The types of JSON, as ``json_type`` names them; a whole number is a number."""

WORDS = {"string": "text", "array": "list", "integer": "number"}


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

    def required(self, path: tuple[str, ...] = ()) -> frozenset[str]:
        """The fields that every object at ``path`` has to have, whatever else it holds."""
        listed = [schema.get("required") for _, schema in self.demands_at(path)]
        names = [one for some in listed if isinstance(some, list) for one in some]
        return frozenset(name for name in names if isinstance(name, str))

    def demands_at(self, path: tuple[str, ...]) -> list[tuple[str, Body]]:
        """The schemas, with their files, all of which a value at ``path`` has to meet."""
        nodes = self._in_place([_Node(self.file, self.schemas[self.file])], ("allOf",))
        for step in path:
            below = [child for node in nodes for child in _children(node, step)]
            nodes = self._in_place(below, ("allOf",))
        return [(node.file, node.schema) for node in nodes]

    def types_at(self, path: tuple[str, ...]) -> frozenset[str]:
        """The types that a value at ``path`` may have; all where no schema says."""
        types = TYPES
        for file, schema in self.demands_at(path):
            types &= self._types(_Node(file, schema), frozenset())
        return types

    def _types(self, node: _Node, above: frozenset[int]) -> frozenset[str]:
        """The types of what meets a node by itself, without what it refers to; see ``types_at``."""
        types = _named(node.schema.get("type"))
        fixed = [node.schema["const"]] if "const" in node.schema else node.schema.get("enum")
        if isinstance(fixed, list):
            types &= {json_type(one) for one in fixed}
        for keyword in ("anyOf", "oneOf"):
            branches = node.schema.get(keyword)
            if not isinstance(branches, list) or id(node.schema) in above:
                continue
            found = frozenset[str]()
            for branch in branches:
                one = TYPES
                for part in self._in_place([_Node(node.file, as_body(branch))], ("allOf",)):
                    one &= self._types(part, above | {id(node.schema)})
                found |= one
            types &= found
        return types

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


def _named(types: Json) -> frozenset[str]:
    """The types of a ``type:``, in our words; all where it has none."""
    names = [types] if isinstance(types, str) else types
    if not isinstance(names, list):
        return TYPES
    return frozenset(WORDS.get(str(one), str(one)) for one in names)
