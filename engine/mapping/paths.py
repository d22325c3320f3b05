"""Where in the payload a value goes, and the faults that are reported there."""

from dataclasses import dataclass
from typing import Final

from engine.mapping.faults import Misfit
from engine.mapping.limits import located
from engine.mapping.missing import STAYS
from engine.model.decision import Fault
from engine.model.document import Place
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Json, a_json_type


@dataclass(frozen=True, slots=True)
class At:
    """Where in the payload a value goes.

    ``parts`` are the Python sources that give its path as text, ``steps`` the path, ``[]`` for the
    elements of a list.
    """

    parts: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()

    def key(self, key: str) -> "At":
        """The place of a key of the object here."""
        return At((*self.parts, repr(f".{key}" if self.parts else key)), (*self.steps, key))

    def next_of(self, variable: str) -> "At":
        """The place of the next element of the list in a variable."""
        return At((*self.parts, "'['", f"str(len({variable}))", "']'"), (*self.steps, "[]"))

    def source(self) -> str:
        """The Python source that gives the whole path."""
        return " + ".join(self.parts) or "''"


FAILURES: Final = (Misfit, BoundPassed)
"""What working out an expression may raise."""


def failed(faults: list[Fault], path: str, failure: Misfit | BoundPassed, place: Place) -> None:
    """Adds the fault of a leaf, whose value is then missing; a bound goes on up, with its line."""
    if isinstance(failure, BoundPassed):
        raise located(failure, place) from None
    faults.append(Fault(path, str(failure), place.file, place.line))


def no_list(path: str, value: Json, place: Place) -> Fault:
    """The fault of a ``$for`` over anything but a list."""
    return Fault(path, f"$for takes a list, found {a_json_type(value)}", place.file, place.line)


def no_object(path: str, value: Json, place: Place) -> Fault:
    """The fault of a ``$merge`` of anything but an object."""
    message = f"$merge takes an object, found {a_json_type(value)}"
    return Fault(path, message, place.file, place.line)


def merged(value: dict[str, Json], own: frozenset[str]) -> dict[str, Json]:
    """The keys of an object that are not the tree's own, without empty values."""
    return {
        key: one for key, one in value.items() if key not in own and (one or one.__class__ in STAYS)
    }
