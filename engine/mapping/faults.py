"""What goes wrong while a mapping runs: a fault inside, and how it shows outside."""

from engine.model.decision import Fault
from engine.model.errors import EncaminaError


class Misfit(Exception):  # noqa: N818 - reads as what happened
    """An operation or a filter met a value it can't take; the text names types, never data.

    It never leaves ``engine.mapping``: a leaf turns it into a ``Fault``, a condition into a
    ``MappingFault``.
    """


class MappingFault(EncaminaError):  # noqa: N818 - reads as what happened
    """A ``when`` or an ``each`` could not be worked out; ``fault`` says where and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.file}:{fault.line}: {fault.message}")
        self.fault = fault
