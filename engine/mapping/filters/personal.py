"""Filters that write personal data as the vendors want it before it is hashed.

The rules are the published ones of docs/vendors/, where a vendor's own libraries disagree too.
What can't be written that way is missing, and never at fault; so is what forms write for nothing.
A text that is a SHA-256 already passes in lower case.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from engine.mapping.filters.birthdate import birthdate
from engine.mapping.filters.countries import letters
from engine.mapping.filters.hashing import is_hash, known_hash
from engine.mapping.filters.places import US_STATES, code_of
from engine.mapping.filters.postal import state_name, whole_zip
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.model.cache import PERSONAL

ADDRESS: Final = re.compile(r"\.*[^\s@,;<>.][^\s@,;<>]*@(?:[^\s@,;<>.]+\.)+[^\s@,;<>.]+")
US_ZIP: Final = 5

NOTHING: Final = frozenset(
    (
        *("n/a", "n.a.", "null", "undefined", "none", "nan", "(none)", "(not set)"),
        *("[object object]", "unknown", "desconocido", "no aplica", "sin nombre"),
    )
)
"""What programs and forms write where nothing was given, in lower case."""

GENDERS: Final = {
    **dict.fromkeys(("f", "female", "woman", "girl", "mujer", "femenino", "femenina"), "f"),
    **dict.fromkeys(("m", "male", "man", "boy", "hombre", "varon", "masculino", "masculina"), "m"),
}


def folded(text: str) -> str:
    """The text trimmed, in lower case, its accents composed (NFC): one form for one name."""
    text = text.strip().lower()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


HOLDS_AT: Final = frozenset(("email", "email_undotted", "email_untagged", "external_id"))
"""Filters whose values may have an at sign: of others, such as a city, it is the wrong field's."""


def _or_hash(normalize: Callable[..., Any], *, holds_at: bool) -> Callable[..., Any]:
    """``normalize``, which a text that is a hash already or stands for nothing doesn't go through.

    A name without a letter or digit, such as an emoji, is missing too.
    """

    def either(text: str, *arguments: Any) -> Any:
        text = text.strip()
        if is_hash(text):
            return known_hash(text)
        if text.lower() in NOTHING or ("@" in text and not holds_at):
            return None
        found = normalize(text, *arguments)
        return found if found and (found.isalnum() or any(map(str.isalnum, found))) else None

    return either


def email(text: str) -> Any:
    """``x@y.z`` in lower case; missing for what has another form, white space or two addresses."""
    text = folded(text).removeprefix("mailto:")
    return text if ADDRESS.fullmatch(text) else None


def email_undotted(text: str) -> Any:
    """As ``email``; Gmail takes no notice of dots before the at sign, so they are left out."""
    found = email(text)
    if found is None or not found.endswith(("@gmail.com", "@googlemail.com")):
        return found
    name, _, host = found.partition("@")
    return f"{name.replace('.', '')}@{host}"


def email_untagged(text: str) -> Any:
    """As ``email_undotted``, of Gmail without ``+`` and what follows; white space is no fault."""
    found = email_undotted("".join(text.split()))
    if found is None or not found.endswith(("@gmail.com", "@googlemail.com")):
        return found
    name, _, host = found.partition("@")
    return email(f"{name.partition('+')[0]}@{host}")


def without_marks(text: str) -> str:
    """Lower case without punctuation, symbols and spaces: how names are compared."""
    text = "".join(folded(text).split())
    if text.isalpha():
        return text
    return "".join(one for one in text if unicodedata.category(one)[0] not in "PSZC")


def name_of_letters(text: str) -> str:
    """Lower case without digits, punctuation and symbols; single spaces stay."""
    text = folded(text)
    if text.replace(" ", "").isalpha():
        return " ".join(text.split())
    kept = (one for one in text if unicodedata.category(one)[0] not in "PSNC")
    return " ".join("".join(kept).split())


def street(text: str) -> str:
    """Lower case without punctuation and symbols; digits and single spaces stay."""
    kept = (one for one in folded(text) if unicodedata.category(one)[0] not in "PSC")
    return " ".join("".join(kept).split())


def city(text: str) -> str:
    """As a name, without digits too."""
    found = without_marks(text)
    if found.isalpha():
        return found
    return "".join(one for one in found if unicodedata.category(one)[0] != "N")


def state(text: str, of: str | None = None) -> str:
    """As a city; of the USA, or of no country that is told, a state's name as its two letters."""
    found = city(state_name(text, of))
    if of is not None and code_of(of) != "us":
        return found
    return US_STATES.get(letters(found), found)


def postal_code(text: str, of: str | None = None) -> Any:
    """As ``whole_zip``, in lower case, without spaces and dashes; of the USA five digits."""
    whole: str | None = whole_zip(text, of)
    if whole is None:
        return None
    text = whole
    found = "".join(one for one in folded(text) if one.isalnum())
    is_long = _is_zip_plus_four(text) if of is None else code_of(of) == "us"
    return found[:US_ZIP] if is_long else found


def _is_zip_plus_four(text: str) -> bool:
    first, dash, last = text.partition("-")
    return (
        bool(dash) and first.isdecimal() and last.isdecimal() and (len(first), len(last)) == (5, 4)
    )


def country(text: str) -> Any:
    """The alpha-2 code in lower case, of a code or an English or Spanish name."""
    return code_of(text)


def gender(text: str) -> Any:
    """``f`` or ``m``, of English or Spanish words."""
    return GENDERS.get(text.lower()) or GENDERS.get(letters(text))


_COUNTRY = (Argument("country", Kind.TEXT, None),)


def _spec(
    name: str,
    doc: str,
    normalize: Callable[..., Any],
    *examples: tuple[Any, ...],
    arguments: tuple[Argument, ...] = (),
) -> FilterSpec:
    return FilterSpec(
        f"normalize_{name}",
        f"{doc}; missing if it can't be",
        Kind.ID,
        Kind.TEXT,
        _or_hash(normalize, holds_at=name in HOLDS_AT),
        tuple(Example(value, gives, tuple(rest)) for value, gives, *rest in examples),
        arguments,
        may_be_missing=True,
        lenient=True,
        cache=PERSONAL,
    )


FILTERS: Final = (
    _spec(
        "email",
        "an e-mail address in lower case",
        email,
        (" Ana.Ruiz@Tienda.CO ", "ana.ruiz@tienda.co"),
        ("ana@localhost", None),
        ("a b@tienda.co", None),
        (["A@tienda.co", "a@tienda.co"], ["a@tienda.co"]),
    ),
    _spec(
        "email_undotted",
        "an e-mail address in lower case, without Gmail's dots",
        email_undotted,
        ("Ana.Ruiz@gmail.com", "anaruiz@gmail.com"),
        ("ana.ruiz@tienda.co", "ana.ruiz@tienda.co"),
    ),
    _spec(
        "email_untagged",
        "an e-mail address in lower case without white space, of Gmail without dots and +suffix",
        email_untagged,
        ("Jane.Doe+x@GoogleMail.com ", "janedoe@googlemail.com"),
        ("ana.ruiz+x@tienda.co", "ana.ruiz+x@tienda.co"),
        ("ana @tienda.co", "ana@tienda.co"),
    ),
    _spec(
        "name",
        "a name in lower case, without punctuation and spaces",
        without_marks,
        ("D'Aza", "daza"),
        ("Ana Lucía", "analucía"),
        ("...", None),
        ("ana@tienda.co", None),
    ),
    _spec(
        "name_letters",
        "a name in lower case, without digits and symbols",
        name_of_letters,
        (" Ana  Lucía 2", "ana lucía"),
    ),
    _spec(
        "street",
        "a street in lower case, without punctuation and symbols",
        street,
        (" Cra. 43A # 1-50, Apto 302 ", "cra 43a 150 apto 302"),
        ("#", None),
    ),
    _spec(
        "city",
        "a city in lower case, without punctuation, spaces and digits",
        city,
        ("Bogotá, D.C.", "bogotádc"),
        ("2024", None),
    ),
    _spec(
        "state",
        "a state in lower case without punctuation and spaces, of the USA its two letters",
        state,
        ("Valle del Cauca", "valledelcauca"),
        ("Oregon", "or"),
        ("Florida", "florida", "UY"),
        ("CO-ANT", "antioquia", "CO"),
        arguments=_COUNTRY,
    ),
    _spec(
        "zip",
        "a postal code in lower case without spaces and dashes, of the USA five digits",
        postal_code,
        ("EC1A 1BB", "ec1a1bb"),
        ("90210-1234", "90210"),
        ("04538-133", "04538133"),
        (110231, "110231"),
        ("110231.0", "110231"),
        (50010, "050010", "CO"),
        ("000000", None),
        arguments=_COUNTRY,
    ),
    _spec(
        "country",
        "a country's two-letter code in lower case, of a code or an English or Spanish name",
        country,
        ("Colombia", "co"),
        ("ESP", "es"),
        ("México", "mx"),
        ("República de Colombia", "co"),
        ("Colombia (CO)", "co"),
        ("Atlantis", None),
    ),
    _spec(
        "gender",
        "f or m, of English or Spanish words",
        gender,
        ("Mujer", "f"),
        ("male", "m"),
        ("x", None),
    ),
    _spec(
        "birthdate",
        "a birth date as YYYYMMDD, of one with the year first that is not after a moment",
        birthdate,
        ("1988-07-04", "19880704"),
        (19880704, "19880704"),
        ("1988-07-04T00:00:00.000Z", "19880704"),
        ("7/4/1988", None),
        ("2099-01-01", None, "2026-11-24T21:06:03.000Z"),
        arguments=(Argument("until", Kind.TEXT, None),),
    ),
    _spec(
        "external_id",
        "an id trimmed and in lower case, the same form in every channel",
        folded,
        ("  Cliente-42 ", "cliente-42"),
        (42, "42"),
    ),
)
