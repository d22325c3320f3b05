"""Contact data as shops really have it: nothing of nobody is hashed, nothing clear is lost."""

import hashlib

import pytest

from engine.mapping.filters.catalogue import FILTERS
from engine.mapping.filters.spec import apply_filter

NOTHING = hashlib.sha256(b"").hexdigest()
HASHING = ("sha256", "normalize_email", "normalize_name", "normalize_phone", "normalize_phone_e164")


def given(name, value, *arguments):
    spec = FILTERS[name]
    return apply_filter(spec, spec.run, value, arguments)


@pytest.mark.parametrize("name", [*HASHING, "normalize_zip", "normalize_external_id"])
@pytest.mark.parametrize("value", [NOTHING, NOTHING.upper(), f" {NOTHING} "])
def test_the_hash_of_nothing_that_a_shop_sends_is_missing(name, value):
    assert given(name, value.strip() if name == "sha256" else value) is None


def test_the_hash_of_nothing_leaves_its_list_alone():
    other = hashlib.sha256(b"ana@example.com").hexdigest()

    assert given("sha256", [NOTHING, other]) == [other]


@pytest.mark.parametrize("value", ["N/A", "null", " Undefined ", "None", "[object Object]"])
@pytest.mark.parametrize("name", ["name", "name_letters", "city", "zip", "state", "street"])
def test_what_a_form_writes_for_nothing_is_missing(name, value):
    assert given(f"normalize_{name}", value) is None


@pytest.mark.parametrize("value", ["\u2764\ufe0f", "-", "\U0001f600", "..."])
def test_a_name_without_a_letter_is_missing(value):
    assert given("normalize_name", value) is None


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("mailto:Lucia@x.co", "lucia@x.co"),
        ("a@x..co", None),
        ("a@.x.co", None),
        (".@x.co", None),
        ("a.b.@x.co", "a.b.@x.co"),
    ],
)
def test_an_address_that_no_mailbox_can_have_is_missing(value, address):
    assert given("normalize_email", value) == address


@pytest.mark.parametrize(
    ("value", "country", "digits"),
    [
        ("+57 300 765 4321 (WhatsApp)", None, "573007654321"),
        ("300 765 4321 - casa", "CO", "573007654321"),
        ("+57 0 300 765 4321", None, "573007654321"),
        ("+39 06 1234 5678", None, "390612345678"),
        ("+52 1 55 1234 5678", None, "525512345678"),
        ("52 1 55 1234 5678", None, "525512345678"),
        ("009 57 300 765 4321", "CO", "573007654321"),
        ("0057 300 765 4321", "CO", "573007654321"),
        ("3007654321.0", "CO", "573007654321"),
        ("573007654321.0", None, "573007654321"),
        ("300 765 4321", "República de Colombia", "573007654321"),
        ("1-800-FLOWERS", "US", "18003569377"),
        ("7003425341234", None, None),
    ],
)
def test_a_phone_as_people_write_it_is_one_number(value, country, digits):
    assert given("normalize_phone", value, country) == digits


@pytest.mark.parametrize(
    ("value", "country", "code"),
    [
        ("110231.0", "CO", "110231"),
        (110231.0, "CO", "110231"),
        ("90210.0", "US", "90210"),
        ("90210-1234", "Estados Unidos (US)", "90210"),
    ],
)
def test_a_postal_code_that_was_a_float_is_its_digits(value, country, code):
    assert given("normalize_zip", value, country) == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("República de Colombia", "co"),
        ("Republic of Colombia", "co"),
        ("Colombia (CO)", "co"),
        ("Bolivia (Plurinational State of)", "bo"),
        ("República Oriental del Uruguay", "uy"),
        ("Republic of China", "tw"),
        ("República de Laos", "la"),
        ("República Dominicana", "do"),
        ("Colombia (VE)", None),  # one of the two is wrong, and nobody knows which
        ("Congo (CD)", None),
        ("República", None),
        ("(", None),
    ],
)
def test_a_country_is_known_by_its_official_name(value, code):
    assert given("normalize_country", value) == code


@pytest.mark.parametrize(
    ("value", "country", "code"),
    [
        ("US-CA", None, "ca"),
        ("us-ny", "US", "ny"),
        ("Nueva York", "US", "ny"),
        ("Nuevo México", "US", "nm"),
        ("Nueva York", "CO", "nuevayork"),
    ],
)
def test_a_state_of_the_usa_is_known_in_spanish_and_by_its_iso_code(value, country, code):
    assert given("normalize_state", value, country) == code


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("1988-07-04T00:00:00.000Z", "19880704"),
        ("1988-07-04T00:00:00-05:00", "19880704"),
        ("1988-07-04 00:00:00", "19880704"),
        ("1988/07/04", "19880704"),
        ("1988-07-04T05:00:00.000Z", None),
        ("1988-07/04", None),
        ("1988-13-04", None),
        ("2026-11-24", "20261124"),
        ("2026-11-25", None),
        ("20991231", None),
    ],
)
def test_a_birth_date_has_one_reading_and_is_past(value, day):
    assert given("normalize_birthdate", value, "2026-11-24T21:06:03.000Z") == day


@pytest.mark.parametrize("name", ["ga_client_id", "valid_fbc", "valid_fbp"])
def test_a_cookie_that_came_as_a_number_is_missing_and_not_at_fault(name):
    assert given(name, 1162820436.1749482) is None
