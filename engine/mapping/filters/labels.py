"""Filters of what a shop calls its things: names, codes and ids, which may hold contact data.

A seller's name is ``ana@shop.example`` as often as not, and an order's number is what somebody
typed. JSON writers without whole numbers make 1001.0 of 1001, which is another id to everybody.
"""

from typing import Any, Final

from engine.mapping.filters.ids import stable_uuid
from engine.mapping.filters.spec import CLASSES, Argument, Example, FilterSpec, Kind, Shortcut
from engine.mapping.filters.text import plain_ascii
from engine.mapping.filters.web import strip_emails
from engine.mapping.missing import plain_text
from engine.model.jsonvalue import Json


def label(value: Any, longest: float = 0) -> str:
    """The text without e-mail addresses, cut; a number as text, 123.0 as ``123``."""
    text = strip_emails(value) if value.__class__ is str else _whole(value)
    return text[: int(longest)] if longest > 0 else text


def labels(elements: list[Any]) -> list[Json]:
    """Each text, number and boolean of the list as of ``label``, the others left out."""
    try:
        together = "".join(elements)  # one look instead of one each (tests.bench)
    except TypeError:
        together = "%"
    if "@" not in together and "%" not in together:
        return elements
    return [label(one) for one in elements if one.__class__ in CLASSES[Kind.PLAIN]]


def safe_id(value: Any, longest: float = 0) -> str:
    """The id as text; one that holds an e-mail address or is too long as the UUID made of it."""
    text = value if value.__class__ is str else _whole(value)
    is_fit = (not longest or len(text) <= longest) and strip_emails(text) == text
    return text if is_fit else stable_uuid(text)


def _whole(value: Any) -> str:
    if value.__class__ is float and value.is_integer():
        value = int(value)
    return plain_text(value)


def lookup_words(value: Any, table: dict[str, Any]) -> Any:
    """What the table has at the first of its keys whose words stand in the text, in a row."""
    said = f" {_words(plain_text(value))} "
    return next((found for key, found in table.items() if f" {key} " in said), None)


def _words(text: str) -> str:
    """In lower case and ASCII, single spaces between words and numbers: ``Caja3`` as ``caja 3``."""
    pieces: list[str] = []
    for one in plain_ascii(text).lower():
        kept = one if one.isalnum() else " "
        if pieces and kept.isdigit() != pieces[-1].isdigit():
            pieces.append(" ")
        pieces.append(kept)
    return " ".join("".join(pieces).split())


_LENGTH: Final = (Argument("n", Kind.NUMBER, 0),)
_SHORT_ENOUGH: Final = Shortcut(
    "{0}",
    "'@' not in {0} and '%' not in {0} and (not {1} or len({0}) <= {1})",
    classes=frozenset({str}),
)
"""What is quick to ask and surely so; %40 is an at sign in a URL."""

_CHANNELS: Final = {"online": False, "tienda": True, "punto de venta": True}

FILTERS: Final = (
    FilterSpec(
        "label",
        "a name or a code as text, with [email] in place of each e-mail address, its first n "
        "characters (0: all); 123.0 as 123",
        Kind.PLAIN,
        Kind.TEXT,
        label,
        (
            Example("Celular A56", "Celular A56"),
            Example("Ana ana@shop.example", "Ana [email]"),
            Example(123.0, "123"),
            Example("Celular A56", "Celular", (7,)),
        ),
        _LENGTH,
        may_be_missing=True,
        lenient=True,
        shortcut=_SHORT_ENOUGH,
    ),
    FilterSpec(
        "labels",
        "the texts, numbers and booleans of a list, each as of label",
        Kind.LIST,
        Kind.LIST,
        labels,
        (Example(["A56", 123.0, "ana@shop.example", {}], ["A56", "123", "[email]"]),),
        lenient=True,
    ),
    FilterSpec(
        "safe_id",
        "an id as text, 1001.0 as 1001; the UUID that always stands for it, if an e-mail address "
        "is in it or it has over n characters (0: however many)",
        Kind.PLAIN,
        Kind.TEXT,
        safe_id,
        (
            Example("SO-1001", "SO-1001"),
            Example(1001.0, "1001"),
            Example("ana@shop.example-7", "98f855f4-ce1b-5d1a-80d3-72babd41a1cc"),
            Example("order-7", "cbaf61fb-ff82-5beb-b2c8-f3ba18da804e", (5,)),
        ),
        _LENGTH,
        may_be_missing=True,
        lenient=True,
        shortcut=_SHORT_ENOUGH,
    ),
    FilterSpec(
        "lookup_words",
        "what a table has at the first of its keys that stands in the text as words, whatever "
        "the text's case, accents and signs; keys are in small letters without accents",
        Kind.PLAIN,
        Kind.ANY,
        lookup_words,
        (
            Example("Punto de Venta (POS)", gives=True, arguments=(_CHANNELS,)),
            Example("Tienda online", gives=False, arguments=(_CHANNELS,)),
            Example("TIENDA-12", gives=True, arguments=(_CHANNELS,)),
            Example("tiendas", None, (_CHANNELS,)),
        ),
        (Argument("table", Kind.OBJECT),),
        may_be_missing=True,
        lenient=True,
    ),
)
