"""What a caller gave, as a question that an engine can answer, or what is wrong with it."""

import re
from collections.abc import Mapping
from typing import Final

from engine.model.clock import Millis, from_iso, to_iso
from engine.model.jsonvalue import Json, json_type
from engine.store.declared import MOST, Asked, Parameter, Question, QuestionError

LONGEST = 2048
DAY_MS = 86_400_000
FIRST_MOMENT, LAST_MOMENT = -62_135_596_800_000, 253_402_300_799_999
"""From 0001-01-01 to 9999-12-31: what has an ISO 8601 form."""

LEAST_MS = 100_000_000_000
"""1973-03-03. A lower number is meant as seconds, or as a day without its dashes."""

DATED: Final = {"from": ("from", "startDate", "start_date"), "to": ("to", "endDate", "end_date")}
A_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
WHOLE: Final = re.compile(r"-?\d{1,15}", re.ASCII)
PLACE: Final = re.compile(r"([^_]{1,40})_([0-9a-f]{24})", re.ASCII)
DURATION: Final = re.compile(r"(\d{1,6})(m|h|d)", re.ASCII)
UNITS_MS: Final = {"m": 60_000, "h": 3_600_000, "d": DAY_MS}
A_LIMIT: Final = f"a whole number from 1 to {MOST}"
A_CURSOR: Final = (
    "timestamp and _id of the last document of the page before, such as"
    " 2026-11-24T21:06:03.120Z_549f7e376446660effd38b7c"
)
A_MOMENT: Final = (
    "a moment such as 2026-11-24T21:06:03Z, a day such as 2026-11-24, or milliseconds since 1970"
)


def read_arguments(question: Question, given: Json) -> Asked:
    """``given`` as arguments: an object by name, or a bare text where there is one parameter.

    Values are texts or numbers; names that the question doesn't know are left alone, as a gateway
    may add its own. ``from`` and ``to`` (aliases ``startDate``, ``endDate``) are ISO 8601, in UTC
    where no zone is named, or epoch milliseconds; a day alone in ``to`` counts whole. Raises
    ``QuestionError``.
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
    """The cursor that leads on from a document: its ``timestamp`` and ``_id``, as it is answered.

    So whoever has a document can make the cursor, also where no header comes with an answer.
    """
    return f"{to_iso(at)}_{document_id}"


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
    raise QuestionError(f"found {_kind(given)}, expected {known}")


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


def _text(name: str, value: Json, expected: str = "a text") -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QuestionError(f"{name} is {_kind(value)}, expected {expected}")
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(text) > LONGEST:
        raise QuestionError(f"{name} has {len(text):,} characters, expected at most {LONGEST:,}")
    if "\0" in text or not _is_unicode(text):
        raise QuestionError(f"{name} holds characters that no text has")
    return text


def _kind(value: Json) -> str:
    """The type of a value as a sentence has it."""
    kind = json_type(value)
    return kind if kind == "null" else f"an {kind}" if kind == "object" else f"a {kind}"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _limit(named: Mapping[str, Json]) -> int | None:
    text = _text("limit", named.get("limit"), A_LIMIT)
    if not text:
        return None
    if not (WHOLE.fullmatch(text) and 1 <= int(text) <= MOST):
        raise QuestionError(f'limit is "{_shown(text)}", expected {A_LIMIT}')
    return int(text)


def _place(named: Mapping[str, Json]) -> tuple[Millis, str] | None:
    text = _text("cursor", named.get("cursor"), A_CURSOR)
    if not text:
        return None
    found = PLACE.fullmatch(text)
    at = None if found is None else from_iso(_plus(found[1]))
    if found is None or at is None:
        raise QuestionError(f'cursor is "{_shown(text)}", expected {A_CURSOR}')
    return at, found[2]


def _range(named: Mapping[str, Json]) -> tuple[Millis | None, Millis | None]:
    since = _moment("from", named, whole_day=False)
    until = _moment("to", named, whole_day=True)
    if since is not None and until is not None and since >= until:
        raise QuestionError("from is not before to: nothing lies between them")
    return since, until


def _moment(name: str, named: Mapping[str, Json], *, whole_day: bool) -> Millis | None:
    text = _text(name, _first(named, DATED[name]), A_MOMENT).strip()
    if not text:
        return None
    found = _milliseconds(name, text) if WHOLE.fullmatch(text) else from_iso(_plus(text))
    if found is None or not FIRST_MOMENT <= found <= LAST_MOMENT:
        raise QuestionError(f'{name} is "{_shown(text)}", expected {A_MOMENT}')
    return Millis(found + DAY_MS) if whole_day and A_DAY.fullmatch(text) else found


def _milliseconds(name: str, text: str) -> Millis:
    found = Millis(int(text))
    if 0 < found < LEAST_MS:
        day = to_iso(found)[:10]
        raise QuestionError(
            f"{name} is {text}, which is {day} in milliseconds; expected {A_MOMENT}"
        )
    return found


def _plus(text: str) -> str:
    """A plus sign that came unescaped in a query is a space there: ``…T21:06:03 02:00``."""
    return re.sub(r"(T[\d:.]+) (\d\d:?\d\d)$", r"\1+\2", text)


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
