"""Every change by its name: ``/admin/NAME`` takes it over HTTP, the commands take it directly."""

from collections.abc import Mapping

from engine.control import dead, derived, destinations, keys, quarantine, replays
from engine.control.control import Control, ControlError, Verb
from engine.model.jsonvalue import Body
from engine.model.names import did_you_mean

VERBS: Mapping[str, Verb] = {
    "dead/drop": dead.drop,
    "dead/retry": dead.retry,
    "derived/backfill": derived.backfill,
    "destinations/pause": destinations.pause,
    "destinations/resume": destinations.resume,
    "keys/create": keys.create,
    "keys/revoke": keys.revoke,
    "quarantine/drop": quarantine.drop,
    "quarantine/retry": quarantine.retry,
    "replays/start": replays.start,
    "replays/stop": replays.stop,
}
"""The closed list."""


async def perform(control: Control, name: str, asked: Body) -> Body:
    """Make the change of that name; raises ``ControlError`` where it can't be made."""
    if (verb := VERBS.get(name)) is None:
        hint = did_you_mean(name, VERBS) or f"there are {', '.join(VERBS)}"
        raise ControlError(f'no such change: "{name}"; {hint}')
    return await verb(control, asked)
