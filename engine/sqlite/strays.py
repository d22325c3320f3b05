"""The rows of a damaged file, every page looked at by itself.

A damaged page hides those that the tree leads to by it, and a damaged key may end the library's
reading early without a word: only the pages tell what there is. Whose rows a page holds is told
by the map of parents. Where that is damaged too, by what the rows look like: then all rows of a
page must fit one table, and no other table or index.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.sqlite.pages import (
    CHILD,
    FREE,
    INTERIOR_INDEX,
    INTERIOR_TABLE,
    LEAF_INDEX,
    LEAF_TABLE,
    OVERFLOW_FIRST,
    OVERFLOW_MORE,
    Cell,
    Pages,
)
from engine.sqlite.shapes import Shape

NO_TREE = frozenset((FREE, OVERFLOW_FIRST, OVERFLOW_MORE))


@dataclass(frozen=True, slots=True)
class Stray:
    """A row that was found on its page: of which table, its row id, and what is in its columns."""

    table: str
    rowid: int | None
    row: Mapping[str, object]


@dataclass(slots=True)
class Strays:
    """All rows that stand on sound pages: ``found``.

    ``roots`` names the tables by the roots of their trees, as far as the file tells them; with
    ``told`` its header is sound, and all of its pages are there. After all were read, ``told``
    says whether the trees of all pages are known: then a table that is not ``broken`` can't have
    had more rows than were found.
    """

    pages: Pages
    shapes: Sequence[Shape]
    roots: Mapping[int, Shape]
    told: bool
    _broken: set[str] = field(default_factory=set)
    _torn: set[str] = field(default_factory=set)
    _free: set[int] | None = None
    _parents: set[int] = field(default_factory=set)

    def found(self) -> Iterator[Stray]:
        """The rows, page by page. A page that holds none any more gives none, what it once held."""
        self._free = self.pages.free() if self.told else None
        self._parents = set(self._all_parents())
        self.told = self.told and self.pages.header.has_map
        for number in self.pages.numbers():
            mapped = self.pages.mapped(number)
            if (mapped and mapped[0] in NO_TREE) or number in (self._free or ()):
                continue
            if (root := self.pages.root_of(number)) is None or not self.roots:
                self.told = False
                yield from self._by_looks(number)
            elif (shape := self.roots.get(root)) and shape.is_table:
                yield from self._of_table(number, shape)

    def broken(self, table: str) -> bool:
        """Whether rows of a table were met that can't be read, or a page that held some."""
        return table in self._broken or table in self._torn

    def torn(self, table: str) -> bool:
        """Whether that was on a page which the library reads: it may pass over them silently."""
        return table in self._torn

    def _all_parents(self) -> Iterator[int]:
        for number in self.pages.numbers():
            match self.pages.mapped(number):
                case (kind, parent) if kind == CHILD:
                    yield parent

    def _of_table(self, number: int, shape: Shape) -> Iterator[Stray]:
        """The rows of a page whose table is known; damaged ones are left out."""
        kind = self.pages.kind(number)
        if kind == INTERIOR_TABLE and shape.by_rowid:
            return
        if kind not in ((LEAF_TABLE,) if shape.by_rowid else (LEAF_INDEX, INTERIOR_INDEX)):
            # A damaged page that had others below it held no rows, where rows have ids.
            if number not in self._parents or not shape.by_rowid:
                self._broken.add(shape.name)
            return
        for cell in self.pages.cells(number):
            stray = _stray(shape, cell)
            if stray is None:
                self._torn.add(shape.name)
            else:
                yield stray

    def _by_looks(self, number: int) -> Iterator[Stray]:
        """The rows of a page of which no tree is known; none where a removed row could be one."""
        kind = self.pages.kind(number)
        if kind is None or kind == INTERIOR_TABLE or number == 1:
            return
        if self._free is None and self.pages.mapped(number) is None:
            return
        cells = list(self.pages.cells(number))
        fitting = [one for one in self.shapes if cells and _fit(one, cells)]
        if len(fitting) == 1 and fitting[0].is_table:
            yield from (one for cell in cells if (one := _stray(fitting[0], cell)))


def _fit(shape: Shape, cells: Sequence[Cell | None]) -> bool:
    return all(cell is not None and shape.row(*cell) is not None for cell in cells)


def _stray(shape: Shape, cell: Cell | None) -> Stray | None:
    row = None if cell is None else shape.row(*cell)
    return None if cell is None or row is None else Stray(shape.name, cell[0], row)


def without(ranges: Sequence[tuple[int, int]], found: Sequence[int]) -> list[tuple[int, int]]:
    """The ranges (after, until) less the keys that were found in them, which are in order."""
    left, at = [], 0
    for after, until in ranges:
        begin = after
        while at < len(found) and found[at] <= until:
            if found[at] - begin > 1:
                left.append((begin, found[at] - 1))
            begin = max(begin, found[at])
            at += 1
        if until > begin:
            left.append((begin, until))
    return left
