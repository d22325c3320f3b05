"""Personal data as Meta's published rule has it, against what its own SDK gives.

The oracle's cases are values put through Meta's Business SDK for Python. Where the SDK agrees with
the published rule, our filters give the very same; the table below says what we do elsewhere.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.mapping.missing import MISSING
from tests.support.processes import ROOT
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
    "external_id": "normalize_external_id",
}
AS_THEY_ARE = {
    "client_ip_address": "public_ip",
    "fbc": "valid_fbc",
    "fbp": "valid_fbp",
}
NOT_SENT = {"f5first", "f5last", "fi", "dobd", "dobm", "doby"}
"""Meta's SDK knows these keys, its current page doesn't; the contract refuses them."""


def sent(field: str, value: Any) -> Any:
    """What the mapping sends for a field: hashed where Meta wants it so, else as it is."""
    filters = f"| {HASHED[field]} | sha256" if field in HASHED else ""
    if field in AS_THEY_ARE:
        filters = f"| {AS_THEY_ARE[field]}"
    found = rendered(f"{{{{ properties.value {filters} }}}}", {"properties": {"value": value}})
    assert not found.faults
    return None if found.value is MISSING else found.value


def agreeing() -> list[Any]:
    return [case for case in CASES if case["published_rule"] == "agrees"]


@pytest.mark.parametrize("case", agreeing(), ids=lambda case: f"{case['field']}-{case['input']}")
def test_where_the_sdk_agrees_with_the_published_rule_we_give_the_same(case: Any) -> None:
    found = sent(case["field"], case["input"])

    assert (sorted(found) if isinstance(found, list) else found) == case["expected"]


UPPER_HASH = "F39AA61AB1A9C864B5E1F598B3DD6D9774D5C7DBDFE1FBE291B6296C23D52F6D"
A_HASH = "071cd1e1043d61d4c1c495844aa77dfafc60d5e45be59793a320205dfb6f07d5"


class Hash(str):
    """What is sent as it stands, unhashed."""

    __slots__ = ()


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
    ("em", UPPER_HASH, Hash(UPPER_HASH.lower()), "the same hash in the form of the page"),
    ("ct", "Bogotá D.C.", "bogotádc", "the accent stays"),
    ("ct", "Distrito 9", "distrito", "digits are no letters of a name"),
    ("fn", "Jose\u0301", "jos\u00e9", "one form of an accent (NFC)"),
    ("external_id", "cliente-00042", "cliente-00042", "hashing is advised"),
    ("external_id", "  Cliente 42 ", "cliente 42", "trimmed and lower case, as in the pixel"),
    ("external_id", A_HASH, Hash(A_HASH), "a hash is not hashed again"),
    ("external_id", 42, "42", "a number is read as its digits"),
    ("external_id", "", None, "nothing empty is sent"),
    ("external_id", ["b-2", "a-1", "b-2"], ["b-2", "a-1"], "each once, in the order given"),
    ("client_ip_address", " 203.0.113.24 ", Hash("203.0.113.24"), "spaces are forbidden"),
    ("fbc", "", None, "nothing empty is sent"),
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
    if isinstance(value, Hash):
        return value
    return None if value is None else hashlib.sha256(value.encode()).hexdigest()


def test_every_case_that_is_open_or_differs_has_its_reason() -> None:
    told = {(field, json.dumps(value)) for field, value, *_ in OTHERWISE}
    cases = {
        (case["field"], json.dumps(case["input"]))
        for case in CASES
        if case["published_rule"] != "agrees" and case["field"] not in NOT_SENT
    }

    assert cases <= told, cases - told


def test_the_contract_knows_no_key_that_the_page_does_not_have() -> None:
    contract = yaml.safe_load((ROOT / "schemas/payloads/meta.yaml").read_text("utf-8"))

    assert not NOT_SENT & set(contract["$defs"]["user_data"]["properties"])


def test_the_hash_of_nothing_is_never_sent() -> None:
    nothing = hashlib.sha256(b"").hexdigest()

    assert nothing not in [sent(case["field"], case["input"]) for case in CASES]


def test_a_decomposed_name_has_the_hash_of_the_composed_one() -> None:
    assert sent("fn", "Jose\u0301") == sent("fn", "Jos\u00e9")


def test_a_hash_passes_in_lower_case() -> None:
    digest = hashlib.sha256(b"ana").hexdigest()

    assert {sent(field, digest.upper()) for field in HASHED} == {digest}


@pytest.mark.parametrize(
    ("field", "value", "normalised"),
    [
        ("em", "ANA@TIENDA.CO\u00a0", "ana@tienda.co"),
        ("em", "mari\u0301a@ejemplo.es", "mar\u00eda@ejemplo.es"),
        ("ph", "(+57) 300 765 4321", "573007654321"),
        ("ph", "+57 (300) 765-4321 x15", "573007654321"),
        ("ph", "+57/300/765/4321", "573007654321"),
        ("ph", "tel: +57 300 765 4321", "573007654321"),
        ("ph", "no tengo", None),
        ("ph", "0000000000", None),
        ("ge", " FEMENINO ", "f"),
        ("ge", "Varón", "m"),
        ("db", "1988-02-30", None),
        ("db", "1899-12-31", None),
        ("db", "19880230", None),
        ("fn", "\u0130lker", "i\u0307lker"),
        ("fn", "Mª José", "mªjosé"),
        ("ln", "García-Márquez, Jr.", "garcíamárquezjr"),
        ("ct", " Villa de Leyva ", "villadeleyva"),
        ("ct", "Cali (Valle)", "calivalle"),
        ("st", "New York", "ny"),
        ("st", "N. Carolina", "ncarolina"),
        ("st", "Norte de Santander", "nortedesantander"),
        ("zp", "sw1a 1aa", "sw1a1aa"),
        ("zp", "05001", "05001"),
        ("country", "México", "mx"),
        ("country", "MEX", "mx"),
        ("country", "Estados Unidos", "us"),
        ("country", "EE.UU.", "us"),
        ("country", "Estados Unidos de América", "us"),
    ],
)
def test_what_no_case_of_the_oracle_tells_follows_the_same_rules(
    field: str, value: Any, normalised: Any
) -> None:
    assert sent(field, value) == hashed(normalised)


@pytest.mark.parametrize(
    ("value", "country", "normalised"),
    [
        ("300 765 4321", "CO", "573007654321"),
        ("300 765 4321", "Colombia", "573007654321"),
        ("(601) 555 0142", "co", "576015550142"),
        ("612 34 56 78", "España", "34612345678"),
        ("020 7946 0123", "GB", "442079460123"),
        ("(415) 555-0132", "Estados Unidos", "14155550132"),
        ("573007654321", "CO", "573007654321"),
        ("+34 612 34 56 78", "CO", "34612345678"),
        ("300 765 4321", "Atlantis", None),
    ],
)
def test_a_phone_without_a_code_takes_that_of_the_country(
    value: str, country: str, normalised: str | None
) -> None:
    names = {"properties": {"value": value, "country": country}}
    found = rendered("{{ properties.value | normalize_phone(properties.country) }}", names)

    assert (None if found.value is MISSING else found.value) == normalised
