"""Pauses by hand, kept in the state so that a restart keeps them.

A pause that an answer made is not kept: after a restart the first request finds it again. Stored as
a setting ``pause:DESTINATION``, JSON ``{"reason", "since"}``; written by ``control/destinations``,
read at start and by the commands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.jsonvalue import as_body
from engine.state.interface import State

PREFIX = "pause:"
BY_HAND = "paused by hand"
"""The reason of a pause for which nobody gave one."""


@dataclass(frozen=True, slots=True)
class HandPause:
    """Why somebody paused a destination, and when."""

    reason: str
    since: Millis


async def stored_pauses(state: State) -> Mapping[str, HandPause]:
    """The pauses by hand, by destination."""
    found = await state.settings(PREFIX)
    return {name.removeprefix(PREFIX): _read(text) for name, text in found.items()}


async def store_pause(state: State, destination: str, pause: HandPause | None) -> None:
    """Keep a pause, or with None forget it; durable when this returns."""
    text = None if pause is None else dumps({"reason": pause.reason, "since": pause.since}).decode()
    await state.set_setting(f"{PREFIX}{destination}", text)


def _read(text: str) -> HandPause:
    body = as_body(loads(text.encode()))
    since = body.get("since")
    return HandPause(str(body.get("reason") or ""), Millis(since if isinstance(since, int) else 0))
