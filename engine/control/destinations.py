"""Pausing a destination by hand, and letting it go on, whatever it was stopped by."""

from engine.control import asked as read
from engine.control.control import Control, ControlError
from engine.delivery.pauses import BY_HAND, HandPause, store_pause, stored_pauses
from engine.model.jsonvalue import Body
from engine.model.names import did_you_mean
from engine.release.destination import Destination, Mode

LONGEST_REASON = 300


async def pause(control: Control, asked: Body) -> Body:
    """Stop sending: ``{"destination", "reason"}``, the reason optional; everything is kept.

    Gives ``{"destination", "paused"}``: 0 where it was paused by hand before, and has now this
    reason. It lasts through restarts, until ``resume``.
    """
    read.only(asked, {"destination", "reason"})
    name = _paused_here(control, read.needed(asked, "destination")).name
    reason = read.text(asked, "reason") or BY_HAND
    if len(reason) > LONGEST_REASON:
        raise ControlError(f"the reason has {len(reason)} characters; at most {LONGEST_REASON}")
    before = (await stored_pauses(control.state)).get(name)
    made = HandPause(reason, control.clock() if before is None else before.since)
    await store_pause(control.state, name, made)
    if control.delivery is not None:
        control.delivery.pause(name, made)
    return {"destination": name, "paused": 1 if before is None else 0}


async def resume(control: Control, asked: Body) -> Body:
    """Send again, and at once what was put off: ``{"destination"}``.

    Ends a pause by hand, one that an answer made, a breaker that is open and a wait that the vendor
    asked for. Gives ``{"destination", "resumed"}``: 0 where nothing stopped it.
    """
    read.only(asked, {"destination"})
    name = _known(control, read.needed(asked, "destination")).name
    stopped = name in await stored_pauses(control.state)
    if stopped:
        await store_pause(control.state, name, None)
    if control.delivery is not None:
        stopped = await control.delivery.resume(name) or stopped
    return {"destination": name, "resumed": 1 if stopped else 0}


def _paused_here(control: Control, name: str) -> Destination:
    found = _known(control, name)
    if found.mode is Mode.OFF:
        raise ControlError(f"{name} is off: nothing is sent there, so there is nothing to pause")
    if found.mailbox is not None:
        raise ControlError(
            f"{name} is a mailbox: nothing is sent there; write mode: off to stop what pages fetch"
        )
    return found


def _known(control: Control, name: str) -> Destination:
    for one in control.release.destinations:
        if one.name == name:
            return one
    names = [one.name for one in control.release.destinations]
    hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
    raise ControlError(f'no destination "{name}"; {hint}')
