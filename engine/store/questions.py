"""The catalogue of questions: one declaration each, from which every face is made.

HTTP routes, NestJS patterns, commands and the OpenAPI page all read this list; an engine of the
store answers by ``name``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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

    Texts are at most 2,048 characters. ``aliases`` are further names that callers know it by.
    """

    name: str
    doc: str
    aliases: tuple[str, ...] = ()
    in_path: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What can be asked: ``path`` is the HTTP route, ``pattern`` the NestJS message.

    ``rows`` is the JSON Schema of the whole answer. ``pages`` says that its answer is a list that
    goes on, so that it takes ``limit`` and ``cursor``; ``dated`` that it takes ``from`` and ``to``.
    """

    name: str
    path: str
    pattern: str
    doc: str
    answer: Mapping[str, Json]
    parameters: tuple[Parameter, ...] = ()
    pages: bool = True
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its arguments read; ``since`` is included, ``until`` is not."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    limit: int = USUAL
    cursor: str | None = None
    since: Millis | None = None
    until: Millis | None = None


def read_arguments(question: Question, given: Json) -> Asked:
    """``given`` as arguments: an object by name, or a bare text where there is one parameter.

    Values may be texts or numbers (``limit``). ``from`` and ``to`` (aliases ``startDate``,
    ``endDate``) are ISO 8601 or epoch milliseconds. Raises ``QuestionError``.
    """
    raise NotImplementedError(datetime, given)
