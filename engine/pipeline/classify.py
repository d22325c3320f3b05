"""Answer -> Outcomes: what the vendor's answer means for each payload of a batch."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from engine.mapping.compile import MappingFault, Template
from engine.mapping.missing import MISSING, Missing
from engine.model.clock import Millis
from engine.model.decision import Payload
from engine.model.delivery import (
    Answer,
    Dead,
    Delivered,
    NoAnswer,
    Outcome,
    Pause,
    Retry,
    Split,
    Unverified,
)
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Body, Json
from engine.project.units import parse_duration
from engine.release.answers import AnswerLine
from engine.release.destination import Destination

RETRY_STATUSES = frozenset({408, 425, 429})
PAUSE_STATUSES = frozenset({401, 402, 403, 404, 405, 406, 415, 426})


def classify(
    destination: Destination, payloads: Sequence[Payload], answer: Answer | NoAnswer, now: Millis
) -> list[Outcome]:
    """One outcome a payload, in order."""
    if isinstance(answer, NoAnswer):
        return [Retry(answer.reason)] * len(payloads)
    names: Body = {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "batch": [payload.body for payload in payloads],
        "tables": destination.tables,
        "settings": destination.settings,
    }
    outcomes: list[Outcome | None] = [None] * len(payloads)
    for line in destination.answers:
        if not _holds(line, names):
            continue
        outcome = _outcome(line, names, answer, now)
        if line.failed is None:
            return [one or outcome for one in outcomes]
        listed = _listed(line.failed, names)
        refused, unknown = _refused(listed, payloads)
        for index in refused:
            outcomes[index] = outcomes[index] or outcome
        if refused and line.rest == "retry":
            return [
                one or Retry("sent again without the refused ones", now=True) for one in outcomes
            ]
        if unknown:
            # Something is refused and can't be told which: alone it will be known.
            unclear = Split(answer_text(answer)) if len(payloads) > 1 else outcome
            return [one or unclear for one in outcomes]
    default = _by_status(destination, answer, len(payloads), now)
    return [one or default for one in outcomes]


def _holds(line: AnswerLine, names: Body) -> bool:
    try:
        return line.when.holds(names)
    except (MappingFault, BoundPassed):
        return False


def _outcome(line: AnswerLine, names: Body, answer: Answer, now: Millis) -> Outcome:
    told = _value(line.reason, names)
    reason = str(told) if told is not MISSING and told != "" else answer_text(answer)
    match line.then:
        case "delivered":
            return Delivered()
        case "unverified":
            return Unverified()
        case "split":
            return Split(reason)
        case "dead":
            return Dead(reason)
        case "pause":
            return Pause(reason)
        case _:
            return Retry(reason, _wait(_value(line.after, names)) or retry_after_ms(answer, now))


def _value(template: Template | None, names: Body) -> Json | Missing:
    if template is None:
        return MISSING
    try:
        rendered = template.render(names)
    except BoundPassed:
        return MISSING
    return MISSING if rendered.faults else rendered.value


def _wait(value: Json | Missing) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(0, round(value * 1000))
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError:
            return None
    return None


def _listed(template: Template, names: Body) -> Sequence[Json]:
    """What ``failed:`` gives, as a list."""
    value = _value(template, names)
    if isinstance(value, Missing):
        return []
    return value if isinstance(value, list | tuple) else [value]


def _refused(listed: Sequence[Json], payloads: Sequence[Payload]) -> tuple[list[int], bool]:
    """The indexes of what is listed by position or dedupe key, and whether some is nowhere here."""
    by_key: dict[str, list[int]] = {}
    for index, one in enumerate(payloads):
        by_key.setdefault(one.dedupe_key or "", []).append(index)
    indexes: list[int] = []
    unknown = False
    for item in listed:
        found: list[int] = []
        if isinstance(item, int) and not isinstance(item, bool):
            found = [item] if 0 <= item < len(payloads) else []
        elif isinstance(item, str) and item:
            found = by_key.get(item, [])
        indexes += found
        unknown = unknown or not found
    return indexes, unknown


def _by_status(destination: Destination, answer: Answer, count: int, now: Millis) -> Outcome:
    """The safe table for an answer that no line matches."""
    status, reason = answer.status, answer_text(answer)
    if 200 <= status < 300:
        vouched = any(line.then in ("delivered", "unverified") for line in destination.answers)
        return Retry(reason) if vouched else Delivered()
    if status in RETRY_STATUSES or status >= 500 or status < 200:
        return Retry(reason, retry_after_ms(answer, now))
    if status in PAUSE_STATUSES or 300 <= status < 400:
        return Pause(reason)
    return Split(reason) if count > 1 else Dead(reason)


def answer_text(answer: Answer) -> str:
    """An answer in a few words: the status, and the vendor's own message where it gives one."""
    return f"HTTP {answer.status}{_message(answer.body)}"


def _message(body: Json) -> str:
    if isinstance(body, str):
        first = body.strip().splitlines()[:1]
        return f": {first[0][:200]}" if first else ""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            message = inner.get("message") or inner.get("error_description") or inner.get("detail")
            code = inner.get("code")
            subcode = inner.get("error_subcode")
            codes = "/".join(str(one) for one in (code, subcode) if isinstance(one, int | str))
            words = " ".join(one for one in (codes, str(message or "")[:200]) if one)
            return f": {words}" if words else ""
        return f": {inner}"[:200]
    return ""


def retry_after_ms(answer: Answer, now: Millis) -> int | None:
    """The wait that ``Retry-After`` asks for, in seconds or as a date; None without one."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return int(text[:9]) * 1000
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0, round((until - datetime.fromtimestamp(now / 1000, UTC)).total_seconds() * 1000))
