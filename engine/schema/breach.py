"""One way in which a value does not meet a schema."""

from dataclasses import dataclass, field

from engine.model.document import Path, path_text
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import Reason


@dataclass(frozen=True, slots=True)
class Breach:
    """Where and how: ``message`` goes on from the path, as in ``is text, expected a number``.

    ``path`` leads to the value, or to the key that is missing or may not be there; ``keyword`` is
    JSON Schema's, ``expects`` its value, ``schema`` the object that the keyword stands in. Of
    alternatives that each miss a key, ``lacks`` has those keys.
    """

    path: Path
    keyword: str
    message: str
    hint: str = ""
    expects: Json = field(default=None, compare=False)
    schema: Body = field(default_factory=dict, compare=False)
    lacks: tuple[str, ...] = field(default=(), compare=False)

    def reason(self) -> Reason:
        """The form it has in answers and lists."""
        message = f"{self.message}; {self.hint}" if self.hint else self.message
        return Reason(path_text(self.path), message, self.lacks)


def order(breach: Breach) -> tuple[list[tuple[int, int, str]], str]:
    """What breaches are sorted by: their paths, indexes as numbers."""
    steps = [(0, one, "") if isinstance(one, int) else (1, 0, one) for one in breach.path]
    return steps, breach.message
