"""Our normalising beside that of Meta's own SDK, on made-up people.

Only what the published rule decides as the SDK does is made up here: that is what "agrees" means
in the oracle. Where they part, ``test_oracle.py`` tells what we do and why.
"""

import hashlib
from datetime import date
from typing import Any

import phonenumbers
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.mapping.compile import Template
from engine.mapping.filters.personal import NOTHING
from tests.unit.mapping.projects import compiled

SETTERS = {
    "em": "email",
    "ph": "phone",
    "fn": "first_name",
    "ln": "last_name",
    "ge": "gender",
    "db": "date_of_birth",
    "ct": "city",
    "st": "state",
    "zp": "zip_code",
    "country": "country_code",
}
FILTERS = {
    "em": "normalize_email",
    "ph": "normalize_phone",
    "fn": "normalize_name",
    "ln": "normalize_name",
    "ge": "normalize_gender",
    "db": "normalize_birthdate",
    "ct": "normalize_city",
    "st": "normalize_state",
    "zp": "normalize_zip",
    "country": "normalize_country",
}
OURS: dict[str, Template] = {
    field: compiled(f"{{{{ properties.value | {name} | sha256 }}}}")
    for field, name in FILTERS.items()
}

# Composed letters of one word: the SDK neither composes accents nor takes out spaces of names.
LETTERS = "abcdefghijklmnñopqrstuvwxyzáéíóúüçãõèàABCDEFGHIJKLMNÑOPQRSTUVWXYZÁÉÍÓÚÜ"
# The SDK hashes what programs and forms write for nothing; nobody has that name.
WORDS = st.text(LETTERS, min_size=1, max_size=20).filter(lambda word: word.lower() not in NOTHING)
BLANKS = st.sampled_from(["", " ", "  ", "\t", "\n", " \t "])
COUNTRIES = (
    "ad ar bo br ca cl co cr cu de do ec es fr gb gt hn it jp mx ni pa pe pr pt py sv us uy ve"
)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    # The SDK hashes a name of dots alone; no mailbox has it.
    local = draw(
        st.text("abcdefghiñABCDÑ0123456789._+-", min_size=1, max_size=20).filter(
            lambda name: name.strip(".")
        )
    )
    host = draw(st.text("abcdefgABC0123456789-", min_size=1, max_size=12))
    ending = draw(st.sampled_from(["co", "com.co", "ES", "example", "Org"]))
    return f"{local}@{host}.{ending}"


@st.composite
def phones(draw: st.DrawFn) -> str:
    """A valid number of some country, its code in front, written in one of many ways."""
    region = draw(st.sampled_from(COUNTRIES.upper().split()))
    kind = draw(st.sampled_from([0, 1]))  # of a house, of a pocket
    number = phonenumbers.example_number_for_type(region, kind)
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    cuts = draw(st.lists(st.integers(1, len(digits) - 1), max_size=4, unique=True))
    sign = draw(st.sampled_from([" ", "-", "\u00a0", " - "]))
    parts = [digits[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), None], strict=True)]
    if len(parts) > 2 and draw(st.booleans()):
        parts[1] = f"({parts[1]})"
    return draw(st.sampled_from(["+", "00", "", "+ "])) + sign.join(parts)


HASHES = st.binary(max_size=8).map(lambda some: hashlib.sha256(b"x" + some).hexdigest())


def around(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The values with blanks around them."""
    return st.tuples(BLANKS, values, BLANKS).map("".join)


def theirs(field: str, value: Any) -> Any:
    """What Meta's SDK sends."""
    given_value = Gender(value) if field == "ge" else value
    found = UserData(**{SETTERS[field]: given_value}).normalize()[field]
    return found[0] if isinstance(found, list) else found


def agree(field: str, value: str) -> None:
    rendered = OURS[field].render({"properties": {"value": value}})

    assert not rendered.faults
    assert rendered.value == theirs(field, value)


@given(around(addresses()))
def test_an_address(value: str) -> None:
    agree("em", value)


@given(phones())
def test_a_phone_with_its_country_s_code(value: str) -> None:
    agree("ph", value)


@given(st.sampled_from(["fn", "ln"]), around(WORDS))
def test_a_name_of_one_word(field: str, value: str) -> None:
    agree(field, value)


@given(st.sampled_from(["f", "m"]))
def test_a_gender(value: str) -> None:
    agree("ge", value)


@given(around(st.dates(min_value=date(1900, 1, 2)).map("{:%Y%m%d}".format)))
def test_a_birth_date(value: str) -> None:
    agree("db", value)


@given(around(st.lists(WORDS, min_size=1, max_size=4).map(" ".join)), st.sampled_from(".-()"))
def test_a_city(value: str, sign: str) -> None:
    agree("ct", value + sign)


@given(around(st.lists(WORDS, min_size=2, max_size=4).map("-de-".join)))
def test_a_state_outside_of_the_usa(value: str) -> None:
    agree("st", value)


@given(around(st.text("ABCDEFGHIJabcdefghij0123456789", min_size=1, max_size=10)), BLANKS)
def test_a_postal_code(value: str, blank: str) -> None:
    assume(value.strip().strip(" 0"))  # nothing but zeros is no code
    agree("zp", value + blank)


@given(st.from_regex(r"[0-9]{5}-[0-9]{4}", fullmatch=True).filter(str.isascii))
def test_a_long_zip_of_the_usa(value: str) -> None:
    assume(value.strip("-0"))
    agree("zp", value)


@given(around(st.sampled_from([*COUNTRIES.split(), *COUNTRIES.upper().split()])))
def test_a_country_s_code(value: str) -> None:
    agree("country", value)


@given(st.sampled_from([one for one in SETTERS if one != "ge"]), HASHES, st.booleans(), BLANKS)
def test_what_is_a_hash_passes(field: str, value: str, is_upper: bool, blank: str) -> None:
    agree(field, blank + (value.upper() if is_upper else value))
