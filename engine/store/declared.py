"""What a question is: its declaration, and the question as it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.clock import Millis
from engine.model.errors import EncaminaError
from engine.model.jsonvalue import Json

MOST = 1000
USUAL = 100


class QuestionError(EncaminaError):
    """An argument is missing or unfit; the text names it and says what was expected."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a question; ``in_path`` says that it stands in the HTTP path.

    Texts are at most 2,048 characters; where there are ``choices`` it is one of those. ``aliases``
    are further names that callers know it by.
    """

    name: str
    doc: str
    aliases: tuple[str, ...] = ()
    in_path: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()
    duration: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What can be asked: ``path`` is the HTTP route, ``pattern`` the NestJS message.

    ``answer`` is the JSON Schema of the whole answer. ``limited`` says that it takes ``limit``,
    ``usual`` where none is given; ``pages`` that its answer is a list that goes on, so that it also
    takes ``cursor``; ``dated`` that it takes ``from`` and ``to``.
    """

    name: str
    path: str
    pattern: str
    doc: str
    answer: Mapping[str, Json]
    parameters: tuple[Parameter, ...] = ()
    pages: bool = False
    limited: bool = True
    dated: bool = True
    usual: int = USUAL


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its arguments read; ``since`` is included, ``until`` is not.

    ``after`` is the time and id of the last document of the page before.
    """

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    limit: int = USUAL
    after: tuple[Millis, str] | None = None
    since: Millis | None = None
    until: Millis | None = None
