"""Tests: what ``is`` asks of a value, a missing one too."""

from typing import Any, Final

from engine.mapping.filters.spec import Argument, Example, Kind, TestSpec
from engine.mapping.missing import LISTS, NUMBERS


def like(value: Any, pattern: str) -> bool:
    """Whether a text fits a pattern in which ``*`` stands for any characters, also none."""
    if value.__class__ is not str:
        return False
    first, *rest = pattern.split("*")
    if not rest:
        return bool(value == pattern)
    *middle, last = rest
    if not value.startswith(first) or not value.endswith(last):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        at = value.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return bool(at <= end)


TESTS: Final = (
    TestSpec(
        "defined",
        "is there: not missing",
        lambda value: value is not None,
        (Example(0, gives=True), Example(None, gives=False)),
    ),
    TestSpec(
        "undefined",
        "is missing",
        lambda value: value is None,
        (Example(None, gives=True), Example("", gives=False)),
    ),
    TestSpec(
        "text",
        "is a text",
        lambda value: value.__class__ is str,
        (Example("", gives=True), Example(1, gives=False), Example(None, gives=False)),
    ),
    TestSpec(
        "number",
        "is a number; true and false are none",
        lambda value: value.__class__ in NUMBERS,
        (Example(1.5, gives=True), Example(value=True, gives=False), Example("1", gives=False)),
    ),
    TestSpec(
        "boolean",
        "is true or false",
        lambda value: value.__class__ is bool,
        (Example(value=False, gives=True), Example(0, gives=False)),
    ),
    TestSpec(
        "list",
        "is a list",
        lambda value: value.__class__ in LISTS,
        (Example([], gives=True), Example("a", gives=False)),
    ),
    TestSpec(
        "object",
        "is an object",
        lambda value: value.__class__ is dict,
        (Example({}, gives=True), Example([], gives=False)),
    ),
    TestSpec(
        "like",
        "is a text that fits a pattern, in which * stands for any characters",
        like,
        (
            Example("Order Completed", gives=True, arguments=("Order *",)),
            Example("Product Viewed", gives=False, arguments=("Order *",)),
            Example(5, gives=False, arguments=("*",)),
        ),
        (Argument("pattern", Kind.TEXT),),
    ),
)
