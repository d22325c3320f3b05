"""What tells of a person in words that others wrote: e-mail and IP addresses, hashes, numbers.

One mask for the log, for what is kept of a vendor's answer and for the reasons made of it. It
takes out too much rather than too little, but never what a fault is found by: ids of messages,
times, statuses, positions and versions.
"""

import re
from ipaddress import ip_address

EMAIL = re.compile(
    r"[\w.!#$'*+^~%-]{1,64}(?:@|%(?:25){0,2}40|\\u0040)\[?"
    r"(?P<domain>[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})"
)
IS_VERSION = re.compile(r"v?\d[\w-]*(?:\.[\w-]*)*")
DIGEST = re.compile(r"\b[0-9a-fA-F]{64}\b")
ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)"
    r"|(?<![\w.:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![.:]?\w)"
)
NUMBER = re.compile(
    r"""(?P<kept>
      [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
    | \b(?=[0-9]*[a-f])[0-9a-f]{16,}\b
    | (?<!\d)\d{4}-(?:0\d|1[0-2])-[0-3]\d(?!\d)
      (?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d(?!\d))?
    | \bHTTP(?:/\d(?:\.\d)?)?\ \d{3}(?!\d)
    )
    | \+?\(?\d(?:(?:[^\S\r\n]|[().\u2010-\u2013-]){0,3}\d)*""",
    re.IGNORECASE | re.VERBOSE,
)
"""An id in hex, a time or a status; or else digits with what people write between them."""

DIGITS = re.compile(r"\d+")
GROUPED = re.compile(r"\d{1,3}(?:\.\d{3}){2,3}|\d{3}\.\d{3}\.\d{4}")
"""With nothing but dots in it: a number of a document, or of a phone; else it is a version."""

MOMENT = re.compile(
    r"1[6-9]\d{8}(?:\d{3}){0,3}"
    r"|20[23]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}(?:\d{2})?)?"
)
"""Since 1970 in seconds or finer, of the years 2020 to 2033; or a date without anything between."""

DATE = re.compile(r"\d\d?-\d\d?-\d{4}|(?:19|20)\d\d-(?:19|20)\d\d")
OF_PERSON = re.compile(
    r"(?:(?<!i)(?<!smart)phone|tel[eé]fonos?|celular(?:es)?|m[oó]vil|mobile|whatsapp|c[eé]dula|documento"
    r"|tarjeta|(?<![^\W_])(?:tel|cel|fono|ph|cc|dni|nit|card))"
    r"(?:[\W_]{1,2}(?:number|num|no|n[uú]mero))?[\W_]{0,4}\Z",
    re.IGNORECASE,
)
OF_MESSAGE = re.compile(r"(?:message|event|request|trace)[ _-]?ids?[\W_]{1,4}\Z", re.IGNORECASE)
OF_PLACE = re.compile(
    r"(?:position|offset|line|row|column|byte|character|version|status|code|attempt|release|port"
    r"|sequence|size|length)s?[\W_]{1,4}\Z",
    re.IGNORECASE,
)
PLACE = re.compile(r"\d{1,9}|\d{4,9}-\d{4,9}")
UNIT = re.compile(r" (?:bytes?|events?|rows?|entries|characters|seconds|ms)\b")
BETWEEN = " \t\"'\\:;=#.,([{<>«»-_"
"""What may stand between a number and the word that tells what it is."""

BEFORE = 32
"""Characters before a number that may tell what it is."""

FEWEST_TOLD = 6
"""Digits of a number that follows a word such as ``phone``."""
FEWEST = 7
FEWEST_ALONE = 8
"""Without anything between them: codes of a vendor's errors have up to seven."""
FEWEST_SPACED = 9
FEWEST_IN_WORD = 10
MOST_OF_PHONE = 14
CARD = range(13, 20)


def without_contact(text: str) -> str:
    """The text with ``[email]``, ``[ip]``, ``[hash]`` and ``[number]`` where such was."""
    if "@" in text or "40" in text:
        text = EMAIL.sub(_email, text)
    text = DIGEST.sub("[hash]", text)
    text = ADDRESS.sub(_ip, text)
    return NUMBER.sub(_number, text)


def _email(found: re.Match[str]) -> str:
    """``[email]``, also of a host without a dot; not for a package and its version."""
    domain = found["domain"]
    is_version = IS_VERSION.fullmatch(domain) and domain.count(".") != 3
    names_host = any(label.isalpha() and len(label) > 1 for label in domain.split("."))
    return found[0] if is_version and not names_host else "[email]"


def _ip(found: re.Match[str]) -> str:
    """``[ip]`` for an address; not for what only looks like one, nor for this machine's own."""
    try:
        address = ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else "[ip]"


def _number(found: re.Match[str]) -> str:
    text, (begin, end) = found.string, found.span()
    if found["kept"] is not None or end - begin < FEWEST_TOLD:
        return found[0]
    spans = [one.span() for one in DIGITS.finditer(text, begin, end)]
    # The 26 of "s26 256" belongs to its word.
    if len(spans) > 1 and _is_letter(text, begin - 1) and spans[0][1] - begin < FEWEST:
        del spans[0]
        begin = spans[0][0]
    if len(spans) > 1 and _is_letter(text, end) and end - spans[-1][0] < FEWEST:
        spans.pop()
        end = spans[-1][1]
    if not _is_personal(text, begin, end, [text[first:last] for first, last in spans]):
        return found[0]
    return f"{text[found.start() : begin]}[number]{text[end : found.end()]}"


def _is_personal(text: str, begin: int, end: int, groups: list[str]) -> bool:
    before, number = text[max(0, begin - BEFORE) : begin], text[begin:end]
    count = sum(map(len, groups))
    # Many stand in lists, after another number: only a word tells what one is.
    follows_word = before.rstrip(BETWEEN)[-1:].isalpha()
    if follows_word and OF_PERSON.search(before):
        return count >= FEWEST_TOLD
    if count < FEWEST or (follows_word and OF_MESSAGE.search(before)):
        return False
    is_place = PLACE.fullmatch(number) and (
        (follows_word and OF_PLACE.search(before)) or UNIT.match(text, end)
    )
    if number.startswith("+"):
        return True
    # TE-20261120-0107, pedido_3007654321: somebody made that an id.
    if is_place or (before[-1:] in {"-", "_"} and before[-2:-1].isalnum()):
        return False
    if len(groups) == 1:
        return _is_personal_run(text, begin, end)
    return _is_personal_list(number, groups)


def _is_personal_run(text: str, begin: int, end: int) -> bool:
    """Of digits with nothing between them."""
    run, count = text[begin:end], end - begin
    if MOMENT.fullmatch(run):
        return False
    if _is_letter(text, begin - 1) or _is_letter(text, end):
        # With more digits beyond the letters it is an id such as 01HX3007654321AB.
        around = _word_before(text, begin) + _word_after(text, end)
        if count < FEWEST_IN_WORD or any(map(str.isdecimal, around)):
            return False
    if FEWEST_ALONE <= count <= MOST_OF_PHONE:
        return True
    return count in CARD and text[begin - 1 : begin] != "/" and _is_card(run)


def _is_personal_list(number: str, groups: list[str]) -> bool:
    """Of digits with something between them."""
    between = set(number) - set("".join(groups))
    if between == {"."}:
        return GROUPED.fullmatch(number) is not None
    if DATE.fullmatch(number):
        return False
    rest = [one for one in groups if not MOMENT.fullmatch(one)]
    count = sum(map(len, rest))
    is_spaced = all(map(str.isspace, between)) and all(len(one) < FEWEST for one in rest)
    return count >= (FEWEST_SPACED if is_spaced else FEWEST)


def _is_card(run: str) -> bool:
    """Whether the last digit is the check of a card's number (Luhn)."""
    digits = [int(one) for one in reversed(run)]
    doubled = [sum(divmod(2 * one, 10)) for one in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_letter(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isalpha()


def _word_before(text: str, end: int) -> str:
    begin = end
    while begin > max(0, end - BEFORE) and text[begin - 1].isalnum():
        begin -= 1
    return text[begin:end]


def _word_after(text: str, begin: int) -> str:
    end = begin
    while end < min(len(text), begin + BEFORE) and text[end].isalnum():
        end += 1
    return text[begin:end]
