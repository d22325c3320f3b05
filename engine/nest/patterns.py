"""Which pattern does what: inbound mappings take a body in, the catalogue's questions answer."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from engine.nest.packets import normal_form, only_cmd
from engine.release.inbound import InboundMapping
from engine.release.release import Release
from engine.store.questions import Question

Served: TypeAlias = InboundMapping | Question
Patterns: TypeAlias = Mapping[str, Served]
"""By the normal form of the pattern."""


def patterns_of(release: Release, questions: Sequence[Question]) -> Patterns:
    """What is served; a mapping goes before a question of the same pattern.

    A mapping that asks for a signature is for HTTP alone: a packet carries none.
    """
    found: dict[str, Served] = {}
    for question in questions:
        if (pattern := normal_form(question.pattern)) is not None:
            found[pattern] = question
    for mapping in release.inbounds:
        post = mapping.post
        if post is None or post.signature is not None or post.pattern is None:
            continue
        if (pattern := normal_form(post.pattern)) is not None:
            found[pattern] = mapping
    return found


def at_pattern(patterns: Patterns, pattern: str | None) -> Served | None:
    """What serves a pattern in normal form; ``{cmd: NAME}`` stands for NAME too."""
    if pattern is None:
        return None
    found = patterns.get(pattern)
    if found is None and (name := only_cmd(pattern)) is not None:
        found = patterns.get(name)
    return found


def does(served: Served) -> str:
    """What is done under a pattern, in a word or two."""
    if isinstance(served, InboundMapping):
        return f"takes {served.name}"
    return f"answers {served.name}"
