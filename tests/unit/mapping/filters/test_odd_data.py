"""What columns of numbers, proxies, tills and impatient people make of data, and what is left."""

import pytest

from engine.mapping.filters.catalogue import FILTERS
from engine.mapping.filters.postal import DEPARTMENTS
from engine.mapping.filters.spec import apply_filter

TILLS = {"online": False, "punto de venta": True, "pos": True, "caja": True, "almacen": True}


def given(name, value, *arguments):
    spec = FILTERS[name]
    return apply_filter(spec, spec.run, value, arguments)


@pytest.mark.parametrize(
    ("value", "country", "told"),
    [
        (50010, "CO", "050010"),
        (5001, "Colombia", "005001"),
        (501, "CO", "501"),
        ("110231", "CO", "110231"),
        (2134, "US", "02134"),
        (501, "US", "00501"),
        ("90210-1234", "US", "90210"),
        (8001, "ES", "08001"),
        (1310100, "BR", "01310100"),
        (1001, None, "1001"),
        (8001, "AR", "8001"),
        ("000000", "CO", None),
        ("00000-0000", "US", None),
        (0, None, None),
    ],
)
def test_a_postal_code_gets_back_the_zeros_that_a_number_lost(value, country, told):
    assert given("normalize_zip", value, country) == told


@pytest.mark.parametrize(
    ("value", "country", "told"),
    [
        ("CO-ANT", "CO", "antioquia"),
        ("co-vac", "Colombia", "valledelcauca"),
        ("CO-ANT", None, "antioquia"),
        ("ANT", "CO", "antioquia"),
        ("ANT", None, "ant"),
        ("MX-JAL", "MX", "jal"),
        ("US-CA", "US", "ca"),
        ("US-CA", None, "ca"),
        ("DF-X", "MX", "dfx"),
        ("CO-ANT", "US", "coant"),
    ],
)
def test_a_state_by_its_iso_code_is_the_one_that_people_write(value, country, told):
    assert given("normalize_state", value, country) == told


def test_colombia_has_thirty_two_departments_and_a_capital():
    assert len(DEPARTMENTS) == 33


@pytest.mark.parametrize("value", ["1900-01-01", "19000101", "1900-01-01T00:00:00Z"])
def test_the_birth_date_of_a_database_is_none(value):
    assert given("normalize_birthdate", value) is None


@pytest.mark.parametrize(
    "value", ["3000000000", "3333333333", "+57 300 000 0000", "+1 123 456 7890", "00571234567890"]
)
@pytest.mark.parametrize("name", ["normalize_phone", "normalize_phone_e164"])
def test_a_number_that_was_typed_to_get_past_a_form_is_none(name, value):
    assert given(name, value, "CO") is None


def test_a_number_with_many_equal_digits_is_one():
    assert given("normalize_phone", "300 111 1112", "CO") == "573001111112"


@pytest.mark.parametrize("name", ["public_ip", "public_network"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("190.24.112.37, 10.0.0.7", "190.24.112.37"),
        ("10.0.0.7, 190.24.112.37, 181.1.1.1", "190.24.112.37"),
        ("unknown, 190.24.112.37", "190.24.112.37"),
        ("190.24.112.37:51234", "190.24.112.37"),
        ("[2800:e2::7]", "2800:e2::7"),
        ("[2800:e2::7]:443, 10.0.0.7", "2800:e2::7"),
        ("2800:e2::7", "2800:e2::7"),
        ("10.0.0.7, 192.168.1.1", None),
        (",", None),
        ("[", None),
    ],
)
def test_of_a_list_of_proxies_the_first_public_address_counts(name, value, told):
    assert given(name, value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("Almacén", True),
        ("Punto de Venta (POS)", True),
        ("punto_de_venta", True),
        ("POS-12", True),
        ("caja 3", True),
        ("Caja3", True),
        ("Tienda online con caja", False),
        ("composer", None),
        (12, None),
        ("", None),
    ],
)
def test_a_channel_is_known_by_its_words(value, told):
    assert given("lookup_words", value, TILLS) is told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("label", 123.0, "123"),
        ("label", 1.5, "1.5"),
        ("label", "123.0", "123.0"),
        ("label", "50 % off", "50 % off"),
        ("label", "a ana%40y.co b", "a [email] b"),
        ("safe_id", 1001.0, "1001"),
        ("safe_id", "A@7", "A@7"),
        ("safe_id", True, "true"),
    ],
)
def test_an_id_that_became_a_float_is_the_id(name, value, told):
    assert given(name, value) == told


def test_what_is_no_label_is_left_out_without_a_fault():
    assert given("label", {"es": "Rojo"}) is None
    assert given("labels", [1.0, None, {"es": "Rojo"}, "ana@y.co"]) == ["1", "[email]"]


@pytest.mark.parametrize("value", ["label", "labels"])
def test_what_has_no_address_stays_the_same(value):
    texts = ["Galaxy S26", "Ñandú"]

    assert given(value, texts if value == "labels" else texts[0]) in (texts, texts[0])
