"""The right name for one that is nearly right."""

import difflib
import re
from collections.abc import Iterable

LONGEST = 100
"""Characters of a word that is still compared: comparing costs the product of both lengths."""

CLOSE = 0.6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that ``word`` most likely stands for; None when none is close."""
    if not word or len(word) > LONGEST:
        return None
    names = {_letters(name): name for name in sorted(known, reverse=True)}
    close = difflib.get_close_matches(_letters(word), names, n=1, cutoff=CLOSE)
    return names[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint ``did you mean "x"?``, or the empty text."""
    name = nearest(word, known)
    return f'did you mean "{name}"?' if name is not None else ""


def _letters(word: str) -> str:
    """What is compared: case and the joints between words make no difference."""
    return re.sub(r"[ _-]", "", word.casefold()) or word
