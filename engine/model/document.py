"""Data that knows where it was written: a value with the place of each of its parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine.model.jsonvalue import Json, as_body

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root of a value: ``("rules", 0, "payload", "event_id")``."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file of the project; line and column count from 1, 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """``rules/meta.yaml:14:18``, or the file's name alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Document:
    """A value read from ``file``, and the place of the value at each path.

    ``at`` gives a part of it that shares the places, so ``root`` is where this part begins.
    """

    file: str
    value: Json
    places: Mapping[Path, Place]
    key_places: Mapping[Path, Place]
    root: Path = ()

    def at(self, *path: str | int) -> "Document":
        """The part at ``path``; its value is null where there is none."""
        value: Json = self.value
        for step in path:
            value = _step(value, step)
        return Document(self.file, value, self.places, self.key_places, self.root + path)

    def place(self, *path: str | int) -> Place:
        """Where the value at ``path`` stands, else its nearest ancestor."""
        return _nearest(self.places, self.root + path) or Place(self.file)

    def key_place(self, *path: str | int) -> Place:
        """Where the key that leads to ``path`` stands, else the place of the value."""
        return self.key_places.get(self.root + path) or self.place(*path)

    def without(self, key: str) -> "Document":
        """The same object without one of its keys."""
        value = as_body(self.value)
        kept = {name: value[name] for name in value if name != key}
        return Document(self.file, kept, self.places, self.key_places, self.root)

    def items(self) -> Iterator[tuple[str, "Document"]]:
        """The keys and parts of an object; nothing for any other value."""
        if isinstance(self.value, Mapping):
            for key in self.value:
                yield key, self.at(key)

    def elements(self) -> Iterator["Document"]:
        """The parts of a list; nothing for any other value."""
        if isinstance(self.value, list):
            for index in range(len(self.value)):
                yield self.at(index)


def _step(value: Json, step: str | int) -> Json:
    if isinstance(value, Mapping) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]  # type: ignore[no-any-return]  # a list of Json
    return None


def _nearest(places: Mapping[Path, Place], path: Path) -> Place | None:
    for length in range(len(path), -1, -1):
        if (place := places.get(path[:length])) is not None:
            return place
    return None


def overlaid(under: Document, over: Document) -> Document:
    """A document of one file with another part of it laid over, object by object.

    A null removes a key, any other value replaces. Each part keeps the place where it is written.
    """
    return Document(
        under.file,
        _laid_over(under.value, over.value),
        {**under.places, **dict(_moved(over.places, over.root, under.root))},
        {**under.key_places, **dict(_moved(over.key_places, over.root, under.root))},
        under.root,
    )


def _laid_over(under: Json, over: Json) -> Json:
    if not (isinstance(under, Mapping) and isinstance(over, Mapping)):
        return over
    laid = {**under, **{key: _laid_over(under.get(key), value) for key, value in over.items()}}
    return {key: value for key, value in laid.items() if over.get(key, value) is not None}


def _moved(
    places: Mapping[Path, Place], source: Path, target: Path
) -> Iterator[tuple[Path, Place]]:
    """The places below ``source``, as if they stood below ``target``."""
    for path, place in places.items():
        if len(path) > len(source) and path[: len(source)] == source:
            yield target + path[len(source) :], place


def path_text(path: Path) -> str:
    """A path as people write it: ``rules[0].payload.event_id``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
