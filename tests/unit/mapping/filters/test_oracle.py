"""Personal data as Meta's published rule has it, against what its own SDK gives.

The oracle's cases are values put through Meta's Business SDK for Python. Where the SDK agrees with
the published rule, our filters give the very same; the table below says what we do elsewhere.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from engine.mapping.missing import MISSING
from tests.unit.mapping.projects import rendered

ORACLE = Path(__file__).parents[3] / "data" / "oracles" / "meta_user_data.json"
CASES = json.loads(ORACLE.read_text(encoding="utf-8"))["cases"]

WIDE_DIGITS = "".join(chr(0xFF10 + int(digit)) for digit in "573105550199")

HASHED = {
    "em": "normalize_email",
    "ph": "normalize_phone",
    "ge": "normalize_gender",
    "db": "normalize_birthdate",
    "fn": "normalize_name",
    "ln": "normalize_name",
    "ct": "normalize_city",
    "st": "normalize_state",
    "zp": "normalize_zip",
    "country": "normalize_country",
    "f5first": "normalize_name | truncate(5)",
    "f5last": "normalize_name | truncate(5)",
    "fi": "normalize_name | truncate(1)",
    "doby": "trim",
}


def sent(field: str, value: Any) -> Any:
    """What the mapping sends for a field: hashed where Meta wants it so, else as it is."""
    filters = f" | {HASHED[field]} | sha256" if field in HASHED else ""
    found = rendered(f"{{{{ properties.value{filters} }}}}", {"properties": {"value": value}})
    assert not found.faults
    return None if found.value is MISSING else found.value


def agreeing() -> list[Any]:
    return [case for case in CASES if case["published_rule"] == "agrees"]


@pytest.mark.parametrize("case", agreeing(), ids=lambda case: f"{case['field']}-{case['input']}")
def test_where_the_sdk_agrees_with_the_published_rule_we_give_the_same(case: Any) -> None:
    found = sent(case["field"], case["input"])

    assert (sorted(found) if isinstance(found, list) else found) == case["expected"]


# Each is a case in which the SDK and the published rule differ, or the rule is silent.
OTHERWISE = [
    ("em", "dos espacios@ejemplo.co", None, "white space is in no address"),
    ("em", "sin-arroba.ejemplo.co", None, "no address"),
    ("em", "solo@localhost", None, "no address that anybody else has"),
    ("em", "   ", None, "blank"),
    ("em", "uno@ejemplo.co, dos@ejemplo.co", None, "two addresses match neither person"),
    ("em", "c893bad68927b457dbed39460e6afd62", None, "MD5 is not what Meta documents"),
    ("em", 12345, None, "no address"),
    ("em", ["", "tres@ejemplo.co"], ["tres@ejemplo.co"], "the empty one is left out"),
    ("em", ["bueno@ejemplo.co", "malo"], ["bueno@ejemplo.co"], "a bad one costs itself alone"),
    ("ph", "3105550199", None, "without a country it could be anybody's"),
    ("ph", "+44 (0)20 7946 0123", "442079460123", "the trunk zero is no part of the number"),
    ("ph", "+57.310.555.0199", "573105550199", "dots are symbols"),
    ("ph", "+57 310 555 0199 ext 12", "573105550199", "cut at the extension"),
    ("ph", "tel:+573105550199", "573105550199", "a link's form"),
    ("ph", "310/555/0199", None, "without a country it could be anybody's"),
    ("ph", "12345", None, "no number"),
    ("ph", "0", None, "no number"),
    ("ph", WIDE_DIGITS, "573105550199", "digits in ASCII"),
    ("ph", 573105550199, "573105550199", "a number is read as its digits"),
    ("ge", "F", "f", "the initial"),
    ("ge", "female", "f", "the initial"),
    ("ge", "Mujer", "f", "Spanish words too"),
    ("ge", "x", None, "neither"),
    ("db", "1988-07-04", "19880704", "ISO 8601 has one meaning"),
    ("db", "04/07/1988", None, "April or July"),
    ("db", "7/4/1988", None, "April or July"),
    ("ln", "Nuñez-Pardo", "nuñezpardo", "no punctuation"),
    ("ln", "D'Aza", "daza", "no punctuation"),
    ("ln", "de la Peña", "delapeña", "inner spaces as the Parameter Builder has it"),
    ("fn", "José", "josé", "one form of an accent (NFC)"),
    ("fn", "Ana Lucía", "analucía", "inner spaces as the Parameter Builder has it"),
    ("fn", "Dra. Marta", "dramarta", "no punctuation"),
    ("fn", "   ", None, "the hash of nothing is never sent"),
    ("ct", "Medellín", "medellín", "the accent stays"),
    ("ct", "Bogotá, D.C.", "bogotádc", "no punctuation"),
    ("ct", "San Andrés (Isla)", "sanandrésisla", "no punctuation"),
    ("ct", "2024", None, "the hash of nothing is never sent"),
    ("ct", "L'Alfas", "lalfas", "no punctuation"),
    ("st", "Oregon", "or", "two letters for the USA"),
    ("st", "Bolívar", "bolívar", "the whole name elsewhere"),
    ("st", "05", None, "the hash of nothing is never sent"),
    ("zp", "04538-133", "04538133", "the dash alone is removed"),
    ("zp", "-", None, "the hash of nothing is never sent"),
    ("zp", 50001, "50001", "a number is read as its digits"),
    ("country", "E.S.", "es", "punctuation is no part of a code"),
    ("country", "Colombia", "co", "by name"),
    ("country", "COL", "co", "alpha-3"),
    ("country", "UK", "gb", "the code of ISO 3166"),
    ("country", "zz", None, "no country"),
    ("country", "xk", None, "no code of ISO 3166"),
    ("f5first", "Maximiliana", "maxim", "first five"),
    ("fi", "Óscar", "ó", "first one"),
]


@pytest.mark.parametrize(("field", "value", "normalised", "why"), OTHERWISE)
def test_elsewhere_we_do_what_the_page_asks(
    field: str, value: Any, normalised: Any, why: str
) -> None:
    found = sent(field, value)

    assert found == hashed(normalised), why


def hashed(value: Any) -> Any:
    if isinstance(value, list):
        return [hashed(one) for one in value]
    return None if value is None else hashlib.sha256(value.encode()).hexdigest()


def test_the_hash_of_nothing_is_never_sent() -> None:
    nothing = hashlib.sha256(b"").hexdigest()

    assert nothing not in [sent(case["field"], case["input"]) for case in CASES]


def test_a_decomposed_name_has_the_hash_of_the_composed_one() -> None:
    assert sent("fn", "Jose\u0301") == sent("fn", "Jos\u00e9")


def test_a_hash_passes_in_lower_case() -> None:
    digest = hashlib.sha256(b"ana").hexdigest()

    assert {sent(field, digest.upper()) for field in HASHED if "|" not in HASHED[field]} == {digest}
