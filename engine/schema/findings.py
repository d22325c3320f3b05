"""Breaches of what a file must be, as findings: with the place, and what to write instead.

Files are read by the rules of YAML 1.2; hints help those who know the older ones, in which ``no``
is a boolean and ``1_000`` a number.
"""

import re

from engine.model.document import Document, path_text
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Json, as_body, json_type
from engine.schema.breach import Breach
from engine.schema.words import FOUND, SHORT_WORD

UNKNOWN_KEY, WRONG_TYPE, MISSING, NOT_A_CHOICE, OTHER = "E140", "E141", "E142", "E143", "E144"

CODES = {
    "additionalProperties": UNKNOWN_KEY,
    "type": WRONG_TYPE,
    "required": MISSING,
    "enum": NOT_A_CHOICE,
    "const": NOT_A_CHOICE,
}

TRUE_WORDS = frozenset({"yes", "y", "on", "true"})
FALSE_WORDS = frozenset({"no", "n", "off", "false"})
NUMBER = re.compile(r"[-+]?[0-9][0-9_]*([.][0-9]+)?")
KEYS_SHOWN = 20


def findings_of(breaches: tuple[Breach, ...], document: Document) -> list[Finding]:
    """A finding for each breach by the value of ``document``."""
    return [_finding(breach, document) for breach in breaches]


def _finding(breach: Breach, document: Document) -> Finding:
    code = CODES.get(breach.keyword, OTHER)
    if code == UNKNOWN_KEY:
        return _unknown_key(breach, document)
    if code == MISSING:
        return _missing(breach, document)
    value = document.at(*breach.path).value
    hint = breach.hint
    if code == WRONG_TYPE and "title" not in breach.schema:
        hint = _right_form(value, breach.expects)
    place = document.place(*breach.path)
    if breach.keyword == "propertyNames":
        place = document.key_place(*breach.path)
    return error(code, place, f"{_named(breach)} {_message(breach, value)}", hint)


def _message(breach: Breach, value: Json) -> str:
    """The breach's own words, but what its schema's title calls "a …" is called so."""
    title = breach.schema.get("title")
    named = isinstance(title, str) and title.startswith(("a ", "an "))
    if named and breach.keyword in ("pattern", "type"):
        return f"is {_shown(value)}, expected {title}"
    if breach.keyword == "type":
        return re.sub(r"^is (text|a number|a boolean)", f"is {_shown(value)}", breach.message)
    return breach.message


def _shown(value: Json) -> str:
    if isinstance(value, str):
        short = SHORT_WORD.fullmatch(value) or (NUMBER.match(value) and len(value) <= 20)
        return f'text ("{value}")' if short else "text"
    if isinstance(value, bool):
        return f"a boolean ({str(value).lower()})"
    if isinstance(value, int | float):
        return f"a number ({value})"
    return FOUND[json_type(value)]


def _unknown_key(breach: Breach, document: Document) -> Finding:
    *parents, key = breach.path
    where = f" in {path_text(tuple(parents))}" if parents else ""
    known = list(as_body(breach.schema.get("properties")))
    hint = breach.hint
    if not hint and 0 < len(known) <= KEYS_SHOWN:
        hint = f"known are {', '.join(known)}"
    return error(UNKNOWN_KEY, document.key_place(*breach.path), f'unknown key "{key}"{where}', hint)


def _missing(breach: Breach, document: Document) -> Finding:
    *parents, key = breach.path
    place = document.key_place(*parents) if parents else document.place()
    told = as_body(as_body(breach.schema.get("properties")).get(str(key))).get("description")
    where = f" in {path_text(tuple(parents))}" if parents else ""
    message = breach.message.replace("is missing", f"{key} is missing{where}", 1)
    return error(MISSING, place, message, f"it says: {told}" if isinstance(told, str) else "")


def _named(breach: Breach) -> str:
    return path_text(breach.path) or "the file"


def _right_form(value: Json, expects: Json) -> str:
    """How the value would have to be written to be of the type that is wanted."""
    wanted = {expects} if isinstance(expects, str) else set(_list(expects))
    if isinstance(value, str):
        return _instead_of_text(value, wanted)
    if "string" in wanted and isinstance(value, bool | int | float):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f'put it in quotes: "{text}"'
    if value is None and "string" in wanted:
        return 'nothing stands there; an empty text is written ""'
    return ""


def _list(expects: Json) -> list[str]:
    return [str(one) for one in expects] if isinstance(expects, list) else []


def _instead_of_text(text: str, wanted: set[str]) -> str:
    word = text.casefold()
    if "boolean" in wanted and word in TRUE_WORDS | FALSE_WORDS:
        right = "true" if word in TRUE_WORDS else "false"
        return f"write {right} instead of {text}" if word != right else f"write {right} unquoted"
    if wanted & {"number", "integer"} and NUMBER.fullmatch(text):
        return f"write {text.replace('_', '').lstrip('+0') or '0'}"
    if "array" in wanted and SHORT_WORD.fullmatch(text):
        return f"write it as a list: [{text}]"
    return ""
