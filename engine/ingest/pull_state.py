"""What is kept of pulls, so that a restart neither repeats one nor spends more than allowed.

Settings of the state, written by ``pull`` alone::

    pull:INBOUND    JSON, a Progress: how far the newest pull is
    budget:NAME     JSON: a list of moments, one for each request made within the budget's time

Moments are milliseconds. Both are written before the request is sent: after a crash in between, it
counts as made.
"""

import json
from dataclasses import asdict, dataclass, fields

from engine.model.clock import Millis
from engine.model.jsonvalue import Json, as_body
from engine.project.inbounds import BudgetSpec
from engine.state.interface import State

PULL = "pull:"
BUDGET = "budget:"
NEVER = Millis(0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the pull that was planned for ``planned`` is.

    ``attempts`` were begun, the last one at ``at``; once it is ``done`` nothing more is fetched for
    that moment. ``reason`` says why the last attempt failed, ``accepted`` how many events it gave.
    """

    planned: Millis = NEVER
    attempts: int = 0
    done: bool = False
    at: Millis = NEVER
    reason: str = ""
    accepted: int = 0


async def load_progress(state: State, inbound: str) -> Progress:
    """The progress of the newest pull; that of none where nothing, or nothing usable, is kept."""
    kept = as_body(_parsed(await state.setting(PULL + inbound)))
    known = {one.name: type(one.default) for one in fields(Progress)}
    if kept.keys() != known.keys() or any(type(kept[key]) is not known[key] for key in known):
        return Progress()
    return Progress(**kept)  # type: ignore[arg-type]  # of the right types, as was just looked at


async def save_progress(state: State, inbound: str, progress: Progress) -> None:
    """Keep it; on disk when this returns."""
    await state.set_setting(PULL + inbound, json.dumps(asdict(progress)))


async def spent(state: State, budget: BudgetSpec, now: Millis) -> list[Millis]:
    """The moments of the requests that count at ``now``, the oldest first.

    One in the future counts from now on: the clock was set back, but the request was made.
    """
    kept = _parsed(await state.setting(BUDGET + budget.name))
    moments = [one for one in kept if isinstance(one, int)] if isinstance(kept, list) else []
    counted = sorted(Millis(min(one, now)) for one in moments if one > now - budget.per_ms)
    if any(one > now for one in moments):
        await _keep(state, budget, counted)
    return counted


async def spend(state: State, budget: BudgetSpec, now: Millis) -> Millis | None:
    """Count one request, on disk when this returns; else when the next may be made."""
    moments = await spent(state, budget, now)
    if len(moments) >= budget.requests:
        return Millis(moments[-budget.requests] + budget.per_ms)
    await _keep(state, budget, [*moments, now])
    return None


async def _keep(state: State, budget: BudgetSpec, moments: list[Millis]) -> None:
    await state.set_setting(BUDGET + budget.name, json.dumps(moments))


def _parsed(text: str | None) -> Json:
    try:
        value: Json = json.loads(text) if text else None
    except ValueError:
        return None
    return value
