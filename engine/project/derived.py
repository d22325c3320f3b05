"""Typed records of a file of ``rules/derived/``, as written."""

from dataclasses import dataclass

from engine.model.document import Document


@dataclass(frozen=True, slots=True)
class DerivedSpec:
    """One file of ``rules/derived/``: which events are made from which."""

    name: str
    document: Document
