"""What a person consents to as far as an event goes: the newest of all that they stated.

The event states something at its own time; what the person stated elsewhere is remembered with the
times of those statements (engine/pipeline/learn).
"""

from collections.abc import Mapping

from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.person import NOTHING, Memory, PersonKey, Remembered
from engine.pipeline.identity import ids_of, user_of
from engine.pipeline.privacy import OTHERS


def asked_of(event: Event) -> set[PersonKey]:
    """The ids under which the person's statements may be kept."""
    return set(ids_of(event.body).asked())


def stored_for(
    event: Event, known: Mapping[PersonKey, Memory], cutoff: Millis
) -> Mapping[str, Remembered]:
    """The remembered statements of the event's person, by category."""
    ids = ids_of(event.body)
    keeper = user_of(ids, known, cutoff) or ids.browser
    return NOTHING.consent if keeper is None else known.get(keeper, NOTHING).consent


def consent_for(
    own: Mapping[str, bool], at: Millis, stored: Mapping[str, Remembered]
) -> dict[str, bool]:
    """What holds of each category for an event that states ``own`` at that moment.

    What the event itself states goes before what was stated until then. A later refusal stops it,
    a later grant revives nothing.
    """
    effective: dict[str, bool] = {}
    for category in own.keys() | stored.keys():
        said = own.get(category, own.get(OTHERS))
        one = stored.get(category) or stored.get(OTHERS)
        if one is not None:
            if one.value is not True and one.at > at:
                said = False
            elif said is None and one.since <= at:
                said = one.value is True
        if said is not None:
            effective[category] = said
    return effective
