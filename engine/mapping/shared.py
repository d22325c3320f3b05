"""Parts of a template that occur more than once: worked out when they are first asked for.

While source is written nobody knows what will come again. So each dear part stands between marks,
which become a variable, or nothing, when the source is whole. A part that fails leaves its variable
unset: the next leaf that asks works it out again, and reports a fault of its own.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

UNSET: Final[Any] = object()
"""What a variable holds until its part is asked for."""

# A text of a user never has this character in the source, as it gets there through repr.
SIGN: Final = "\0"
MARK: Final = re.compile(SIGN + r"(\d+)([=<>])")


@dataclass(slots=True)
class Shared:
    """The parts written so far: how often each occurs, by its number."""

    counts: list[int] = field(default_factory=list)

    def new(self) -> int:
        """The number of one more part, which occurs once."""
        self.counts.append(1)
        return len(self.counts) - 1

    def again(self, number: int) -> None:
        """Counts one more place where the part stands."""
        self.counts[number] += 1

    def settled(self, source: str) -> str:
        """The source with variables in place of its marks."""
        return MARK.sub(self._settled, source)

    def _settled(self, mark: re.Match[str]) -> str:
        number, sign = int(mark[1]), mark[2]
        if self.counts[number] == 1:
            return ""
        variable = f"s{number}"
        match sign:
            case "=":
                return f"{variable} = UNSET"
            case "<":
                return f"({variable} if {variable} is not UNSET else ({variable} := "
            case _:
                return "))"


def unset(number: int) -> str:
    """The line that begins a part's life, at the top of its function or loop."""
    return f"{SIGN}{number}="


def marked(number: int, source: str) -> str:
    """A part's source between its marks."""
    return f"{SIGN}{number}<{source}{SIGN}{number}>"
