"""Asks vendors what they think of payloads, in their test modes: nothing is recorded there."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.delivery.auth import door_of
from engine.delivery.send import Door
from engine.model.clock import system_clock
from engine.model.decision import Payload
from engine.model.delivery import NoAnswer
from engine.model.jsonvalue import Body
from engine.pipeline.request import Moment, RequestFault
from engine.pipeline.verify import build_verification, problems_of
from engine.release.destination import Destination


@dataclass(frozen=True, slots=True)
class Opinion:
    """A vendor's words about one payload; with a ``fault`` it was not asked, or didn't answer.

    ``could_be_asked`` is false where the destination's file doesn't say how.
    """

    problems: tuple[str, ...] = ()
    fault: str = ""
    could_be_asked: bool = True

    def as_json(self) -> Body:
        """The key ``vendor`` of ``dry-run --against-vendor --json``."""
        if self.fault:
            return {"asked": False, "reason": self.fault}
        return {"asked": True, "problems": list(self.problems)}


async def ask(
    sender: Door,
    destination: Destination,
    env: Mapping[str, str],
    payload: Payload,
    moment: Moment,
) -> Opinion:
    """What the vendor says of this payload; without a ``verify:`` it can't be asked."""
    verification = destination.verification
    if verification is None:
        return Opinion(fault=f"{destination.place.file} has no verify:", could_be_asked=False)
    if unset := verification.request.unset:
        return Opinion(fault=f"{', '.join(unset)} is not set")
    # A token is asked for now, whatever moment the event is looked at.
    door = door_of(sender, destination, system_clock)
    try:
        request = build_verification(destination, verification, env, payload, moment)
        answer = await door.send(destination.vendor, request, destination.limits.timeout_ms)
    except RequestFault as fault:
        return Opinion(fault=str(fault))
    if isinstance(answer, NoAnswer):
        return Opinion(fault=answer.reason)
    return Opinion(problems_of(destination, verification, payload, answer))
