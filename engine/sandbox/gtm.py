"""Stand-in for a GTM server container with the clients that a back end can post to.

The path's ending says which client claims the request, so a container may lie under any prefix:
``/mp/collect`` and ``/debug/mp/collect`` (Measurement Protocol client), ``/data`` (Stape's Data
Client), ``/g/collect`` (GA4 client), ``/healthy``. A POST to any other path that comes with a
bearer token is claimed by Square's server-to-server client, the only one that tells whether tags
worked: here they fail for an event whose ``event_name`` is ``tags_fail``, and in part for one that
is ``tags_fail_in_part``. What none claims is answered 400.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256

from engine.sandbox.bodies import UnreadableError, form_fields, parse_json
from engine.sandbox.call import Call, Json, Reply
from engine.sandbox.ga4 import collected, params_key, validated
from engine.sandbox.gtm_json import event_notes, square_client
from engine.sandbox.repeats import Repeats

MAX_BODY_BYTES = 1_000_000
UNCLAIMED = "No client claimed the request."


def answer(call: Call, repeats: Repeats) -> Reply:
    """The answer of the client that claims the request."""
    if len(call.raw) > MAX_BODY_BYTES:
        return Reply(413, "Payload Too Large")
    path = call.path.rstrip("/")
    for ending, methods, client in CLIENTS:
        if path.endswith(ending) and call.method in methods:
            return client(call, repeats)
    if call.method == "POST" and call.headers.get("authorization", "").startswith("Bearer"):
        return square_client(call)
    return Reply(400, UNCLAIMED)


def _health(_call: Call, _repeats: Repeats) -> Reply:
    return Reply(200, "ok")


def _validation(call: Call, _repeats: Repeats) -> Reply:
    return validated(call)


def _measurement_protocol(call: Call, repeats: Repeats) -> Reply:
    return collected(call, repeats, status=200)


def _gtag(call: Call, _repeats: Repeats) -> Reply:
    if not {"v", "tid"} <= call.query.keys():
        return Reply(400, UNCLAIMED)
    return Reply(200, accepted=(params_key(_wire_params(call.query)),))


def _wire_params(query: Mapping[str, str]) -> dict[str, Json]:
    """The event's own parameters in gtag's wire format, where ``ep.`` and ``epn.`` mark them."""
    return {
        name.partition(".")[2]: value
        for name, value in query.items()
        if name.startswith(("ep.", "epn."))
    }


def _data_client(call: Call, _repeats: Repeats) -> Reply:
    try:
        sent = _sent(call)
    except UnreadableError as fault:
        return Reply(400, f"The body is not JSON: {fault}")
    events = sent if isinstance(sent, list) else [sent]
    if not all(isinstance(event, dict) for event in events):
        return Reply(400, "An event must be a JSON object.")
    receipts: list[Json] = [_receipt(call, index) for index in range(len(events))]
    objects = [event for event in events if isinstance(event, dict)]
    return Reply(
        200,
        receipts if isinstance(sent, list) else receipts[0],
        accepted=tuple(map(params_key, objects)),
        diagnostics=tuple(
            note for index, event in enumerate(objects) for note in event_notes(event, index)
        ),
    )


def _sent(call: Call) -> Json:
    if call.method == "GET":
        return {**call.query}
    form = form_fields(call)
    return {**form} if form is not None else parse_json(call.raw)


def _receipt(call: Call, index: int) -> dict[str, Json]:
    digits = int(sha256(call.raw + str(index).encode()).hexdigest(), 16) % 10**9
    return {"timestamp": int(call.at), "unique_event_id": f"{int(call.at * 1000)}_{digits:09}"}


CLIENTS: tuple[tuple[str, tuple[str, ...], Callable[[Call, Repeats], Reply]], ...] = (
    ("/healthy", ("GET",), _health),
    ("/healthz", ("GET",), _health),
    ("/debug/mp/collect", ("POST",), _validation),
    ("/mp/collect", ("POST",), _measurement_protocol),
    ("/g/collect", ("GET", "POST"), _gtag),
    ("/data", ("GET", "POST"), _data_client),
)
"""What each client claims, by the end of the path; the first that claims answers."""
