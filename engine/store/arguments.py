"""What a caller gave, as a question that an engine can answer, or what is wrong with it."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from engine.model.clock import Millis, from_iso
from engine.model.jsonvalue import Json, json_type
from engine.store.declared import MOST, Asked, Parameter, Question, QuestionError

LONGEST = 2048
DAY_MS = 86_400_000
FIRST_MOMENT, LAST_MOMENT = -62_135_596_800_000, 253_402_300_799_999
"""From 0001-01-01 to 9999-12-31: what has an ISO 8601 form."""

DATED: Final = {"from": ("from", "startDate", "start_date"), "to": ("to", "endDate", "end_date")}
A_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
WHOLE: Final = re.compile(r"-?\d{1,15}", re.ASCII)
PLACE: Final = re.compile(r"(-?\d{1,15})\.([0-9a-f]{24})", re.ASCII)
DURATION: Final = re.compile(r"(\d{1,6})(m|h|d)", re.ASCII)
UNITS_MS: Final = {"m": 60_000, "h": 3_600_000, "d": DAY_MS}


def read_arguments(question: Question, given: Json) -> Asked:
    """``given`` as arguments: an object by name, or a bare text where there is one parameter.

    Values are texts or numbers; names that the question doesn't know are left alone, as a gateway
    may add its own. ``from`` and ``to`` (aliases ``startDate``, ``endDate``) are ISO 8601 or epoch
    milliseconds; a day alone in ``to`` counts whole. Raises ``QuestionError``.
    """
    named = _by_name(question, given)
    arguments = {one.name: text for one in question.parameters if (text := _argument(one, named))}
    since, until = _range(named) if question.dated else (None, None)
    return Asked(
        question.name,
        arguments,
        _limit(named) or question.usual if question.limited else MOST,
        _place(named) if question.pages else None,
        since,
        until,
    )


def cursor_at(at: Millis, document_id: str) -> str:
    """The cursor that leads on from a document: callers hand it back as they got it."""
    return urlsafe_b64encode(f"{at}.{document_id}".encode()).decode().rstrip("=")


def duration_ms(text: str) -> int:
    """A duration such as ``30m``, ``24h`` or ``7d``, which ``read_arguments`` has looked at."""
    found = DURATION.fullmatch(text)
    assert found is not None
    return int(found[1]) * UNITS_MS[found[2]]


def _by_name(question: Question, given: Json) -> Mapping[str, Json]:
    if given is None or given == "":
        return {}
    if isinstance(given, Mapping):
        return given
    wanted = [one for one in question.parameters if one.required] or question.parameters
    if len(wanted) == 1 and isinstance(given, str | int | float) and not isinstance(given, bool):
        return {wanted[0].name: given}
    names = ", ".join(one.name for one in question.parameters)
    known = f"an object with {names}" if names else "nothing, or an object"
    raise QuestionError(f"found a {json_type(given)}, expected {known}")


def _argument(parameter: Parameter, named: Mapping[str, Json]) -> str:
    """The text of a parameter, empty where it is left out and may be."""
    text = _text(parameter.name, _first(named, (parameter.name, *parameter.aliases)))
    if not text:
        if parameter.required:
            raise QuestionError(f"{parameter.name} is missing: {parameter.doc}")
        return ""
    if parameter.choices and text not in parameter.choices:
        known = ", ".join(parameter.choices)
        raise QuestionError(f'{parameter.name} is "{_shown(text)}", expected one of {known}')
    if parameter.duration and not (DURATION.fullmatch(text) and duration_ms(text)):
        raise QuestionError(
            f'{parameter.name} is "{_shown(text)}", expected a time such as 30m, 24h or 7d'
        )
    return text


def _first(named: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((named[name] for name in names if named.get(name) not in (None, "")), None)


def _text(name: str, value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QuestionError(f"{name} is a {json_type(value)}, expected a text")
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(text) > LONGEST:
        raise QuestionError(f"{name} has {len(text):,} characters, expected at most {LONGEST:,}")
    if "\0" in text or not _is_unicode(text):
        raise QuestionError(f"{name} holds characters that no text has")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _limit(named: Mapping[str, Json]) -> int | None:
    text = _text("limit", named.get("limit"))
    if not text:
        return None
    if not (WHOLE.fullmatch(text) and 1 <= int(text) <= MOST):
        raise QuestionError(f'limit is "{_shown(text)}", expected a whole number from 1 to {MOST}')
    return int(text)


def _place(named: Mapping[str, Json]) -> tuple[Millis, str] | None:
    text = _text("cursor", named.get("cursor"))
    if not text:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found = PLACE.fullmatch(urlsafe_b64decode(padded).decode("ascii"))
    except ValueError:
        found = None
    if found is None:
        raise QuestionError("cursor is none of ours: send the one of the page before, unchanged")
    return Millis(int(found[1])), found[2]


def _range(named: Mapping[str, Json]) -> tuple[Millis | None, Millis | None]:
    since = _moment("from", named, whole_day=False)
    until = _moment("to", named, whole_day=True)
    if since is not None and until is not None and since >= until:
        raise QuestionError("from is not before to: nothing lies between them")
    return since, until


def _moment(name: str, named: Mapping[str, Json], *, whole_day: bool) -> Millis | None:
    text = _text(name, _first(named, DATED[name])).strip()
    if not text:
        return None
    found = Millis(int(text)) if WHOLE.fullmatch(text) else from_iso(_plus(text))
    if found is None or not FIRST_MOMENT <= found <= LAST_MOMENT:
        raise QuestionError(
            f'{name} is "{_shown(text)}", expected a moment such as 2026-11-24T21:06:03Z,'
            " a day such as 2026-11-24, or milliseconds since 1970"
        )
    return Millis(found + DAY_MS) if whole_day and A_DAY.fullmatch(text) else found


def _plus(text: str) -> str:
    """A plus sign that came unescaped in a query is a space there: ``…T21:06:03 02:00``."""
    return re.sub(r"(T[\d:.]+) (\d\d:?\d\d)$", r"\1+\2", text)


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
