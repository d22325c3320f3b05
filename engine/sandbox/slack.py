"""Stand-in for Slack's incoming webhooks: ``POST /services/T…/B…/…``.

Answers are plain text. The address is the secret: any three parts are one, but ``/invalid`` at its
end is a webhook that was removed. One message a second is taken of each webhook.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from engine.sandbox.bodies import UnreadableError, form_fields, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, Script, texts_within
from engine.sandbox.repeats import Repeats

_PATH = re.compile(r"/services/T\w+/B\w+/\w+/?", re.ASCII)
_CALLS_PEOPLE = re.compile(r"<(!(channel|here|everyone)|@\w+)[>|]")

EVERY_S = 0.999
OVERRIDES = ("channel", "username", "icon_url", "icon_emoji")


def answer(call: Call, repeats: Repeats) -> Reply:
    """``ok``, or the one word that says what is wrong."""
    message = _message(call)
    if refusal := _refusal(call, message):
        return Reply(*refusal)
    if repeats.seen_before(call.path, call.at, EVERY_S):
        return Reply(429, "rate_limited", headers={"Retry-After": "1"})
    return Reply(200, "ok", accepted=(None,), diagnostics=tuple(_notes(message or {})))


def _refusal(call: Call, message: Mapping[str, Json] | None) -> tuple[int, str] | None:
    if not _PATH.fullmatch(call.path) or call.path.rstrip("/").endswith("/invalid"):
        return 404, "no_service"
    if call.method != "POST":
        return 405, "method_not_allowed"
    if message is None or not isinstance(message.get("blocks"), list | None):
        return 400, "invalid_payload"
    if not _is_text(message.get("text")) and not message.get("blocks"):
        return 400, "no_text"
    return None


def _message(call: Call) -> Mapping[str, Json] | None:
    """The message of a JSON body, or of a form's ``payload``; None if there is none."""
    fields = form_fields(call)
    raw = call.raw if fields is None else fields.get("payload", "").encode()
    try:
        message = parse_json(raw)
    except UnreadableError:
        return None
    return message if isinstance(message, dict) else None


def _notes(message: Mapping[str, Json]) -> Iterator[Diagnostic]:
    if not _is_text(message.get("text")):
        yield Diagnostic(0, "no_fallback", "blocks without a text: the notification shows nothing")
    for name in OVERRIDES:
        if name in message:
            yield Diagnostic(0, "ignored", f"{name} is the webhook's own: not taken from a message")
    if any(_CALLS_PEOPLE.search(text) for text in texts_within(dict(message))):
        yield Diagnostic(0, "calls_people", "the message notifies people by <!…> or <@…>")


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _says(status: int, word: str) -> Script:
    def script(_call: Call, _honest: Callable[[], Reply]) -> Reply:
        return Reply(status, word)

    return script


SLACK_FAULTS: Mapping[str, Script] = {
    "user_not_found": _says(400, "user_not_found"),
    "action_prohibited": _says(403, "action_prohibited"),
    "channel_not_found": _says(404, "channel_not_found"),
    "no_service": _says(404, "no_service"),
    "channel_is_archived": _says(410, "channel_is_archived"),
    "rollup_error": _says(500, "rollup_error"),
}
"""What only Slack says; nothing is posted."""
