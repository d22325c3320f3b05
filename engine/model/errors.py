r"""The exceptions of Encamina: for what the caller can't go on from.

::

    EncaminaError
    ├── ProjectError      the project can't be read at all
    ├── StorageError      log or state can't do what was asked
    │   ├── DataFolderError   the folder is held, of the other mode, or not usable
    │   ├── DocumentsRefused  the store keeps all but these, and will never keep them
    │   ├── LibraryMissing    an engine's library is not installed
    │   └── StorageFull       no room is left on the disk
    ├── BoundPassed       a mapping asked for more steps or text than it may
    ├── MappingFault      a condition can't be worked out (mapping/faults)
    └── Refused           a request at a face is refused whole

What can be expected is a value instead: a bad file gives findings, a bad event reasons, a vendor's
refusal an outcome.
"""

from collections.abc import Mapping, Sequence


class EncaminaError(Exception):
    """Base of all; its text is fit to be shown to a user."""


class ProjectError(EncaminaError):
    """The project can't be read at all: no such folder, no ``encamina.yaml``."""


class StorageError(EncaminaError):
    """The log or the state can't do what was asked."""


class DataFolderError(StorageError):
    """The data folder is held by another process, of the other mode, or can't be used."""


class DocumentsRefused(StorageError):  # noqa: N818 - reads as what happened
    """The store can't keep these documents, now or later; all others of the batch are kept.

    ``reasons`` says of each why, by its id.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(sorted(set(reasons.values()))))
        self.reasons = reasons


class LibraryMissing(StorageError):  # noqa: N818 - reads as what happened
    """The library of an engine is not installed; the text says what to install."""


class StorageFull(StorageError):  # noqa: N818 - reads as what happened
    """No room is left where the log is kept; nothing of the batch was written."""


class BoundPassed(EncaminaError):  # noqa: N818 - reads as what happened
    """A mapping passed one of its bounds; the text names the bound.

    ``of_input`` says it of what the mapping was given, for who sent that and knows no mapping.
    ``file`` and ``line`` are the place in the rules, where it is known.
    """

    def __init__(self, bound: str, of_input: str = "", file: str = "", line: int = 0) -> None:
        super().__init__(f"{file}:{line}: {bound}" if file else bound)
        self.bound = bound
        self.of_input = of_input or bound
        self.file = file
        self.line = line


class Refused(EncaminaError):  # noqa: N818 - reads as what happened
    """A request is refused whole; nothing of it was kept.

    ``status`` is an HTTP status, ``code`` a short machine word, ``retry_after_s`` whole seconds.
    ``errors`` name what is wrong with the body, each by its path.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after_s: int | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
        self.errors = errors
