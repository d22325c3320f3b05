"""Contact data in URLs and in what people type: what is taken out, and what has to stay."""

import time

import pytest

from engine.mapping.filters.contact import clean_text, clean_url, clean_values, no_contact


@pytest.mark.parametrize(
    "name",
    [
        *("tel", "celular", "cedula", "whatsapp", "Whatsapp", "nombre", "apellido", "correo"),
        *("reset_token", "session_token", "jwt", "password", "contrase%C3%B1a", "useremail"),
        *(
            "customer[email]",
            "phoneNumber",
            "e-mail",
            "api-key",
            "direccion_envio",
            "fecha_nacimiento",
        ),
    ],
)
def test_a_parameter_whose_name_tells_of_a_person_or_a_secret_is_left_out(name):
    assert clean_url(f"https://shop.example/p?{name}=x&page=2") == "https://shop.example/p?page=2"


@pytest.mark.parametrize(
    "query",
    [
        "fbclid=IwAR3007654321&gclid=3007654321&utm_source=mail&utm_id=120212345678",
        "gad_campaignid=20912345678&headphones=1&color=azul&q=galaxy+s26+256+gb",
        "variant=41234567890123&page=2&orden=precio_asc",
    ],
)
def test_what_tells_of_ads_and_products_stays_as_it_is(query):
    url = f"https://shop.example/celulares/7702001234567?{query}#fotos"

    assert clean_url(url) == url


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("/p?q=llamar+300+765+4321", "/p?q=llamar%20[number]"),
        ("/p?q=%2B573007654321&a=1", "/p?q=[number]&a=1"),
        ("/u/lucia%40shop.example", "/u/[email]"),
        ("/p?next=%2Fpay%3Femail%3Dana%2540shop.example%26x%3D1", "/p?next=/pay%3Fx%3D1"),
        ("/p#access_token=abc&state=1", "/p#state=1"),
        ("/p#/pay?tel=300&step=2", "/p#/pay?step=2"),
    ],
)
def test_contact_data_is_found_wherever_it_stands_in_a_url(url, goes):
    assert clean_url(url) == goes


@pytest.mark.parametrize(
    ("text", "goes"),
    [
        (
            "llamar 300 765 4321 lucia@shop.example cc 1020304050",
            "llamar [number] [email] cc [number]",
        ),
        ("cel3007654321", "cel[number]"),
        ("+57 300-765-4321 ya", "[number] ya"),
        ("s26 256 gb 3007654321", "s26 256 gb [number]"),
        ("cédula 52.345.678", "cédula [number]"),
    ],
)
def test_numbers_of_people_are_taken_out_of_what_they_type(text, goes):
    assert clean_text(text) == goes


@pytest.mark.parametrize(
    "text",
    [
        *("galaxy s26 256 gb", "galaxy s26 ultra 512gb 12gb ram 5000mah", "iphone 15 256 512"),
        *("1920x1080 3840x2160", "tv 55", "8f14e45f-1234-4567-8901-123456789012"),
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_words_of_products_and_ids_stay(text):
    assert clean_text(text) == text


@pytest.mark.parametrize("text", ["1 " * 30_000 + "a", "a1 " * 20_000, "+" * 60_000, "1-" * 30_000])
def test_a_hostile_text_takes_no_time(text):
    began = time.perf_counter()

    clean_text(text)

    assert time.perf_counter() - began < 0.25


def test_an_object_of_filters_keeps_what_tells_of_products_alone():
    query = {"correo": "x", "q": "tv lucia@shop.example", "tags": ["a", "300 765 4321"]}
    query |= {"max": 5_000_000, "n": 3007654321, "deep": {"tel": 1, "brand": "LG"}}

    assert clean_values(query) == {
        "q": "tv [email]",
        "tags": ["a", "[number]"],
        "max": 5_000_000,
        "deep": {"brand": "LG"},
    }


@pytest.mark.parametrize("value", ["a@b.co", "+573007654321", "300 765 4321", 3007654321])
def test_an_id_that_is_contact_data_is_none(value):
    assert no_contact(value, "CO") is None


@pytest.mark.parametrize("value", ["cli-7", "1020304050", "7003425341234"])
def test_an_id_of_digits_that_is_no_number_of_a_phone_stays(value):
    assert no_contact(value, "CO") == value
