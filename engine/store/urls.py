"""The settings in the URL of a store, and what is said of one that can't be."""

import re
from collections.abc import Iterable
from typing import Final

from engine.model.errors import StorageError
from engine.model.names import did_you_mean

A_SETTING: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)


def settings_in(url: str) -> list[tuple[str, str]]:
    """The settings behind the question mark: names and values, as they are written."""
    pairs = [pair.partition("=") for pair in url.partition("?")[2].split("&") if pair]
    return [(name, value) for name, _, value in pairs]


def unknown_setting(url: str, name: str, known: Iterable[str]) -> StorageError | None:
    """The error of a setting that is not known; None where its name may not be shown.

    A password with a bare question mark in it looks like a setting too.
    """
    if not _may_be_shown(url, name):
        return None
    hint = did_you_mean(name, known)
    return StorageError(f'store: its URL has no setting "{name}"' + (f"; {hint}" if hint else ""))


def unreadable_setting(url: str, name: str) -> StorageError | None:
    """The error of a setting whose value makes no sense, which is not shown; None as above."""
    if not _may_be_shown(url, name):
        return None
    return StorageError(f'store: the value of "{name}" in its URL can\'t be read')


def _may_be_shown(url: str, name: str) -> bool:
    return "@" not in url.partition("?")[2] and A_SETTING.fullmatch(name) is not None
