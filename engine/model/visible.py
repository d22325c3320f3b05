"""Text of others, made harmless for a terminal: what it would obey is spelt out."""

import re
import unicodedata
from functools import cache

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what a terminal obeys instead of showing it, or that nobody can see:
controls, direction marks, halves of surrogate pairs, ends of lines and paragraphs."""

JOINERS = frozenset("\u200c\u200d")
"""Of these, those that words and emoji are written with."""

MAY_BE_HIDDEN = re.compile(r"[^ -~]")


def visible(text: str) -> str:
    r"""The text in one line, all of it to be seen: ``\n``, ``\x1b``, ``\u202e`` are spelt out."""
    return MAY_BE_HIDDEN.sub(lambda found: _spelt(found[0]), text)


@cache
def _spelt(character: str) -> str:
    if unicodedata.category(character) not in HIDDEN or character in JOINERS:
        return character
    return character.encode("unicode_escape").decode()
