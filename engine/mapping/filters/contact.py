"""Filters that take contact data, ids of persons and secrets out of URLs and of what people type.

They take out too much rather than too little: a price of seven digits in a search is lost as well.
"""

import re
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from engine.mapping.filters.phone import phone
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind, Shortcut
from engine.mapping.filters.text import plain_ascii
from engine.mapping.filters.web import strip_emails
from engine.mapping.missing import plain_text
from engine.model.cache import PAGES

_PRIVATE_WORDS: Final = """
mail correo phone tel telefono telefonos mobile movil cel celular fono whatsapp wa msisdn
cedula cc documento dni nit rut curp cpf ssn passport pasaporte identificacion
nombre nombres apellido apellidos fname lname surname address direccion
birthdate birthday dob nacimiento password passwd passcode pwd pass clave contrasena pin cvv otp
secret secreto jwt auth authorization credential credentials signature sig firma
"""
PRIVATE_WORDS: Final = frozenset(_PRIVATE_WORDS.split())
"""Words of a parameter's name whose value is somebody's contact data, id or secret."""

PRIVATE_PARTS: Final = (
    *("email", "correo", "telefono", "whatsapp", "cedula", "documento", "apellido", "nombre"),
    *("password", "contrasena", "token", "firstname", "lastname", "fullname", "apikey"),
)
"""The same, also within a word or over two of them: ``useremail``, ``reset_token``, ``api-key``."""

CAMPAIGN: Final = ("utm_", "gad_", "mtm_", "hsa_")
_CLICK_IDS: Final = """
gclid dclid gbraid wbraid gclsrc fbclid ttclid msclkid twclid li_fat_id epik rdt_cid sccid
igshid yclid srsltid _gl _ga mc_cid mc_eid
"""
CLICK_IDS: Final = frozenset(_CLICK_IDS.split())
"""Parameters of ads: their long numbers are ids of clicks and campaigns, never phone numbers."""

WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
NUMBERS: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\b(?=[0-9]*[a-f])[0-9a-f]{16,}\b"
    r"|\+?\d(?:[\s().\-/+]{0,3}\d)*",
    re.IGNORECASE,
)
"""A UUID or a hash, or else digits with what people write between those of one number."""

FEWEST_DIGITS: Final = 7
FEWEST_SPACED: Final = 9
"""With nothing but spaces in it, so that "s26 256 gb 1920 1080" stays a search for a product."""

MOST_DIGITS_IN_URL: Final = 13
"""Of a country's code and a number. A parameter of more is an id, such as that of a variant."""

PHONE_LIKE: Final = re.compile(r"[+\d][\d\s().\-/]{6,}")

FIRST_MOBILE: Final = 1_000_000_000
"""A number of ten digits in an object may be a phone number; one of fewer is rather a price."""

DEEPEST: Final = 3
"""How many addresses within addresses (``?next=…``) are looked into."""


def clean_url(text: str) -> str:
    """The URL without parameters that tell of contact data or secrets, none left in the others.

    In its path only e-mail addresses are looked for: long numbers there are products.
    """
    return strip_emails(_without_private(text, 0) if "=" in text else text)


def clean_text(text: str) -> str:
    """``[email]`` for each e-mail address, ``[number]`` for what may be a phone number or an id."""
    return _without_numbers(strip_emails(text), len(text))


def clean_values(value: dict[str, Any]) -> Any:
    """The object without keys of contact data or secrets, the texts in it as of ``clean_text``."""
    return {
        name: found
        for name, one in value.items()
        if not _is_private(name) and (found := _clean_value(one)) is not None
    }


def no_contact(value: Any, country: str | None = None) -> Any:
    """The id as text; missing where it is an e-mail address or could be a phone number."""
    text = plain_text(value)
    bare = text.strip()
    is_phone = PHONE_LIKE.fullmatch(bare) is not None and phone(bare, country) is not None
    return None if is_phone or "@" in text else text


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return clean_values(value)
    if isinstance(value, list | tuple):
        return [found for one in value if (found := _clean_value(one)) is not None]
    if isinstance(value, int | float) and abs(value) >= FIRST_MOBILE:
        return None
    return value


def _without_private(text: str, depth: int) -> str:
    address, hash_sign, fragment = text.partition("#")
    path, _, query = address.partition("?")
    kept = _clean_params(query, depth)
    if "=" in fragment:  # sign-in services hand tokens over there, and some shops keep pages there
        fragment = _clean_fragment(fragment, depth)
    return path + ("?" + kept if kept else "") + (hash_sign + fragment if fragment else "")


def _clean_fragment(fragment: str, depth: int) -> str:
    page, question_mark, query = fragment.partition("?")
    if not question_mark:
        return _clean_params(fragment, depth)
    kept = _clean_params(query, depth)
    return page + ("?" + kept if kept else "")


def _clean_params(query: str, depth: int) -> str:
    parts = (_clean_param(part, depth) for part in query.split("&") if part)
    return "&".join(part for part in parts if part)


def _clean_param(part: str, depth: int) -> str:
    key, _, value = part.partition("=")
    name = unquote_plus(key)
    lower = name.lower()
    if lower in CLICK_IDS or lower.startswith(CAMPAIGN):
        return part
    if _is_private(name):
        return ""
    plain = unquote_plus(value)
    found = plain
    if "=" in plain and depth < DEEPEST:
        found = _without_private(plain, depth + 1)
    found = _without_numbers(strip_emails(found), MOST_DIGITS_IN_URL)
    return part if found == plain else f"{key}={quote(found, safe='[]/:')}"


def _is_private(name: str) -> bool:
    name = plain_ascii(name)
    words = [word.lower() for word in WORD.findall(name)]
    joined = "".join(words)
    return not PRIVATE_WORDS.isdisjoint(words) or any(part in joined for part in PRIVATE_PARTS)


def _without_numbers(text: str, most: int) -> str:
    """The text without numbers of seven digits to ``most``; its time is linear in its length."""
    pieces, start = [], 0
    for found in NUMBERS.finditer(text):
        begin, end = _own_digits(text, found.start(), found.end())
        if _may_be_personal(text[begin:end], most):
            pieces += [text[start:begin], "[number]"]
            start = end
    return "".join(pieces) + text[start:] if pieces else text


def _own_digits(text: str, begin: int, end: int) -> tuple[int, int]:
    """Where the number is without digits that belong to a word, as the 26 of ``s26 256``."""
    if begin and text[begin - 1].isalpha():
        first = begin
        while first < end and text[first].isdecimal():
            first += 1
        if first - begin < FEWEST_DIGITS:
            begin = first
    if end < len(text) and text[end].isalpha():
        last = end
        while last > begin and text[last - 1].isdecimal():
            last -= 1
        if end - last < FEWEST_DIGITS:
            end = last
    return _trimmed(text, begin, end)


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    """Without what stands between numbers; a plus belongs to the number."""
    while begin < end and not (text[begin].isdecimal() or text[begin] == "+"):
        begin += 1
    while end > begin and not text[end - 1].isdecimal():
        end -= 1
    return begin, end


def _may_be_personal(found: str, most: int) -> bool:
    if any(one.isalpha() for one in found):  # a UUID or a hash
        return False
    count = sum(map(str.isdecimal, found))
    is_spaced = "+" not in found and not found.isdecimal() and _has_only_spaces(found)
    return (FEWEST_SPACED if is_spaced else FEWEST_DIGITS) <= count <= most


def _has_only_spaces(found: str) -> bool:
    return all(one.isdecimal() and len(one) < FEWEST_DIGITS for one in found.split())


_URL = "https://shop.example/p/7?utm_source=mail&celular=3001234567&q=ana%40shop.example#top"

FILTERS: Final = (
    FilterSpec(
        "clean_url",
        "the URL without parameters of contact data or secrets, [email] and [number] in the others",
        Kind.TEXT,
        Kind.TEXT,
        clean_url,
        (
            Example(_URL, "https://shop.example/p/7?utm_source=mail&q=[email]#top"),
            Example(
                "/buscar?q=llamar+300+123+4567&fbclid=4", "/buscar?q=llamar%20[number]&fbclid=4"
            ),
        ),
        shortcut=Shortcut("{0}", "'=' not in {0} and '@' not in {0} and '%40' not in {0}"),
        cache=PAGES,
    ),
    FilterSpec(
        "clean_text",
        "with [email] for each e-mail address and [number] for what may be a phone number or an id",
        Kind.TEXT,
        Kind.TEXT,
        clean_text,
        (
            Example("300 123 4567 or ana@shop.example", "[number] or [email]"),
            Example("galaxy s26 256 gb", "galaxy s26 256 gb"),
        ),
        shortcut=Shortcut("{0}", "{0}.isalpha()"),
        cache=PAGES,
    ),
    FilterSpec(
        "clean_values",
        "the object without keys of contact data or secrets, its texts as of clean_text",
        Kind.OBJECT,
        Kind.OBJECT,
        clean_values,
        (
            Example(
                {"q": "tv 55", "max": 5000000, "correo": "a@b.co"}, {"q": "tv 55", "max": 5000000}
            ),
        ),
    ),
    FilterSpec(
        "no_contact",
        "an id as text, but missing if it is an e-mail address or could be a phone number",
        Kind.PLAIN,
        Kind.TEXT,
        no_contact,
        (
            Example("cli-7", "cli-7"),
            Example("ana@shop.example", None),
            Example("300 123 4567", None, ("CO",)),
            Example(70045, "70045", ("CO",)),
        ),
        (Argument("country", Kind.TEXT, None),),
        may_be_missing=True,
        lenient=True,
        shortcut=Shortcut(
            "{0}",
            "{0}[:1].isalpha() and '@' not in {0}",
            classes=frozenset({str}),
            suits=lambda *_: True,
        ),
    ),
)
