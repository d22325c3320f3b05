"""Asking a vendor what it thinks of a payload, by a destination's ``verify:``, and its answer."""

from collections.abc import Mapping

from engine.mapping.compile import MappingFault
from engine.mapping.missing import Missing
from engine.model.decision import Payload
from engine.model.delivery import Answer, Request
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Body, Json
from engine.pipeline.classify import answer_text
from engine.pipeline.request import Moment, mask, render_request, request_names
from engine.release.destination import Destination
from engine.release.verify import Verification


def build_verification(
    destination: Destination,
    verification: Verification,
    env: Mapping[str, str],
    payload: Payload,
    moment: Moment,
) -> Request:
    """The request that asks about this payload alone.

    Raises ``RequestFault`` where an expression fails.
    """
    names = request_names(destination, env, [payload], moment)
    return render_request(verification.request, names)


def problems_of(
    destination: Destination, verification: Verification, payload: Payload, answer: Answer
) -> tuple[str, ...]:
    """What the vendor holds against the payload, in its own words, secrets masked.

    An answer that names no problem is one itself unless its status is 2xx.
    """
    names: Body = {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "batch": [payload.body],
        "tables": destination.tables,
        "settings": destination.settings,
    }
    told = _told(verification, names)
    if not told and not 200 <= answer.status < 300:
        told = [answer_text(answer)]
    return tuple(mask(one, verification.request.secrets) for one in told)


def _told(verification: Verification, names: Body) -> list[str]:
    try:
        rendered = verification.problems.render(names)
    except (MappingFault, BoundPassed) as fault:
        return [f"verify.problems fails: {fault}"]
    if rendered.faults:
        return [f"verify.problems fails: {fault.message}" for fault in rendered.faults]
    return _texts(rendered.value)


def _texts(value: Json | Missing) -> list[str]:
    if isinstance(value, Missing) or value is None or value == "":
        return []
    if isinstance(value, list | tuple):
        return [text for one in value for text in _texts(one)]
    return [str(value)]
