"""Back-fills of derived events: figures built anew from what the log still holds."""

from engine.control import asked as read
from engine.control.control import Control, ControlError
from engine.model.clock import Millis, to_iso
from engine.model.jsonvalue import Body
from engine.model.names import did_you_mean
from engine.model.window import BACK_FILL
from engine.release.derived import Derived
from engine.release.destination import Mode


async def backfill(control: Control, asked: Body) -> Body:
    """Build the figures of a file anew: ``{"derived", "since"}``, ``since`` optional.

    From what was received since then, by default all that the log holds. What falls due before this
    moment makes no event. Gives ``{"derived", "since", "log_begins"}``: ``since`` is null where it
    is all, ``log_begins`` where the log is empty. A folder alone does it when it is served.
    """
    read.only(asked, {"derived", "since"})
    derived = _known(control, read.needed(asked, "derived"))
    if derived.mode is Mode.OFF:
        raise ControlError(f"{derived.name} is off: it reads nothing, so there is nothing to build")
    since = read.moment(asked, "since")
    await control.state.set_setting(f"{BACK_FILL}{derived.name}", str(since or Millis(0)))
    if control.derived is not None:
        control.derived.look(derived.name)
    oldest = [to_iso(one.event.received_at) for one in await control.log.read_range(0, 1)]
    begins = oldest[0] if oldest else None
    told = None if since is None else to_iso(since)
    return {"derived": derived.name, "since": told, "log_begins": begins}


def _known(control: Control, name: str) -> Derived:
    for one in control.release.derived:
        if one.name == name:
            return one
    names = [one.name for one in control.release.derived]
    hint = did_you_mean(name, names) or f"there are {', '.join(names) or 'none'}"
    raise ControlError(f'no file of rules/derived/ is called "{name}"; {hint}')
