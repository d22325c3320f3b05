"""The tree that a file is read into, and the ``Document`` that is made of it.

An alias of YAML makes two places hold one node; the document has a value for each, so what aliases
may multiply is bounded here.
"""

from dataclasses import dataclass, field

from engine.model.document import Document, Path, Place
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Json

DEEPEST = 40
MOST_FROM_ALIASES = 10_000


@dataclass(slots=True)
class Scalar:
    """A text, number, boolean or null."""

    place: Place
    value: Json


@dataclass(slots=True)
class Items:
    """A list."""

    place: Place
    items: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Fields:
    """An object: by each key its own place and its value."""

    place: Place
    fields: dict[str, tuple[Place, "Node"]] = field(default_factory=dict)


@dataclass(slots=True)
class Alias:
    """One more place for a node that stands elsewhere in the file."""

    place: Place
    node: "Node"


Node = Scalar | Items | Fields | Alias


class Unreadable(Exception):  # noqa: N818 - reads as what happened
    """Reading ends here; ``finding`` says why. Never leaves this room."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def too_deep(place: Place) -> Unreadable:
    """What is raised at the first value that stands too deep."""
    return Unreadable(
        error("E109", place, f"more than {DEEPEST} levels of nesting", "write it flatter")
    )


def document_of(file: str, root: Node) -> Document:
    """The document of a tree; raises ``Unreadable`` if its aliases make too much of it."""
    unfolding = _Unfolding()
    value = unfolding.value_of(root, (), None)
    return Document(file, value, unfolding.places, unfolding.key_places)


@dataclass(slots=True)
class _Unfolding:
    """The places found so far, and how many values aliases have made."""

    places: dict[Path, Place] = field(default_factory=dict)
    key_places: dict[Path, Place] = field(default_factory=dict)
    from_aliases: int = 0

    def value_of(self, node: Node, path: Path, alias: Place | None) -> Json:
        """The value of ``node`` at ``path``; ``alias`` is the outermost one that led to it."""
        self.places.setdefault(path, node.place)
        if alias is not None:
            self._count(alias)
        if len(path) > DEEPEST:
            raise too_deep(alias or node.place)
        match node:
            case Scalar(value=value):
                return value
            case Items(items=items):
                return [
                    self.value_of(item, (*path, index), alias) for index, item in enumerate(items)
                ]
            case Fields(fields=fields):
                return {key: self._field(one, (*path, key), alias) for key, one in fields.items()}
            case Alias(place=place, node=original):
                return self.value_of(original, path, alias or place)

    def _field(self, one: tuple[Place, Node], path: Path, alias: Place | None) -> Json:
        self.key_places[path] = one[0]
        return self.value_of(one[1], path, alias)

    def _count(self, alias: Place) -> None:
        self.from_aliases += 1
        if self.from_aliases > MOST_FROM_ALIASES:
            raise Unreadable(
                error(
                    "E109",
                    alias,
                    f"the aliases of this file make more than {MOST_FROM_ALIASES} values",
                    "write out what you mean, or use fragments and $use",
                )
            )
