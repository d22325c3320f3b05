"""Typed records of a file of ``rules/derived/``, as written."""

from dataclasses import dataclass

from engine.model.document import Document

ON_EVENT, ON_DUE = "event", "due"
"""When an event is made: with its cause, or once the time is over in which nothing came."""


@dataclass(frozen=True, slots=True)
class TakesSpec:
    """``from:`` and ``without:``: which events; empty means any, names may be globs.

    ``when:`` of ``without:`` stands in the document.
    """

    type: tuple[str, ...]
    event: tuple[str, ...]
    source: tuple[str, ...]
    document: Document


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """One of ``figures:``; ``verb`` is count, sum, first, last or list, ``of`` what it takes.

    ``over_ms`` is how far back it goes, None for all time. ``by``, ``set``, ``drop`` and ``add``
    are a list's: what tells its lines apart, the whole list where an event brings it, whether the
    line is taken out again, and the name of the number that is added up, where ``add_when`` holds.
    """

    name: str
    verb: str
    of: Document
    over_ms: int | None
    by: Document
    set: Document
    drop: Document
    add: str
    add_when: Document
    document: Document


@dataclass(frozen=True, slots=True)
class EmitSpec:
    """One of ``emit:``: an event that is made, and when."""

    on: str
    when: Document
    event: Document
    document: Document


@dataclass(frozen=True, slots=True)
class DerivedSpec:
    """One file of ``rules/derived/``: which events are made from which.

    ``mode`` and ``within`` are templates over ``env``; documents whose value is null are absent.
    ``keys`` are expressions, or the word ``person``; any value that two events share makes them of
    one kind.
    """

    name: str
    mode: Document
    takes: TakesSpec
    when: Document
    without: TakesSpec | None
    within: Document
    keys: tuple[Document, ...]
    once: Document
    figures: tuple[FigureSpec, ...]
    fill: Document
    emits: tuple[EmitSpec, ...]
    show: Document
    starts_anew: bool
    tables: Document
    document: Document
