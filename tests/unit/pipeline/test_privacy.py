import pytest

from engine.pipeline.privacy import consent_of, context_for, may_have, truncated
from engine.project.spec import ConsentSpec


def consent(preferences):
    return consent_of({"context": {"consent": {"categoryPreferences": preferences}}})


def test_what_an_object_leaves_out_is_unknown():
    said = consent({"Advertising": True, "analytics": False})

    assert said.of("advertising") is True
    assert said.of("ANALYTICS") is False
    assert said.of("functional") is None


def test_what_a_list_leaves_out_is_refused():
    said = consent(["Analytics"])

    assert said.of("analytics") is True
    assert said.of("advertising") is False
    # These two narrow advertising, and only an object says no to them alone.
    assert said.categories.keys().isdisjoint({"ad_personalization", "sale_of_data"})


@pytest.mark.parametrize("name", ["saleOfData", "SALE_OF_DATA", "sale-of-data"])
def test_a_category_is_known_in_the_spellings_of_the_keys_beside_it(name):
    assert consent({name: False}).categories == {"sale_of_data": False}


@pytest.mark.parametrize(
    ("preferences", "spec", "allowed"),
    [
        (["analytics"], ConsentSpec(all=("personalization",), when_missing="allow"), False),
        ({"X": False, "x": True}, ConsentSpec(all=("x",)), False),
        ({"x": True, "X": False}, ConsentSpec(all=("x",)), False),
        ({"x": "false"}, ConsentSpec(all=("x",), when_missing="allow"), False),
        ({"advertising": True}, ConsentSpec(all=("advertising",)), True),
        ({"advertising": False}, ConsentSpec(all=("advertising",)), False),
        ({}, ConsentSpec(all=("advertising",)), False),
        ({}, ConsentSpec(all=("advertising",), when_missing="allow"), True),
        ({}, ConsentSpec(all=("advertising",), when_missing="region"), False),
        ({"advertising": False}, ConsentSpec(all=("advertising",), when_missing="allow"), False),
        ({"analytics": True}, ConsentSpec(all=("advertising", "analytics")), False),
        ({"analytics": True}, ConsentSpec(any=("advertising", "analytics")), True),
        ({"analytics": False}, ConsentSpec(any=("advertising", "analytics")), False),
        ("no object", ConsentSpec(all=("advertising",)), False),
        ({}, ConsentSpec(), True),
    ],
)
def test_a_destination_may_have_what_it_has_consent_for(preferences, spec, allowed):
    assert may_have(consent(preferences), spec) is allowed


@pytest.mark.parametrize(
    ("ip", "kept"),
    [
        ("203.0.113.27", "203.0.113.0"),
        ("2001:db8:abcd:1234::1", "2001:db8:abcd::"),
        (" 203.0.113.27 ", "203.0.113.0"),
        ("::ffff:203.0.113.27", "203.0.113.0"),
        ("::FFFF:cb00:711b", "203.0.113.0"),
        ("190.24.112.37, 10.0.0.1", "190.24.112.0"),
        ("190.24.112.37:5231", "190.24.112.0"),
        ("[2001:db8:abcd:1234::1]:443", "2001:db8:abcd::"),
        ("nowhere", None),
        (7, None),
    ],
)
def test_a_truncated_address_is_its_network(ip, kept):
    assert truncated(ip) == kept


def test_the_ip_is_as_the_destination_may_have_it():
    context = {"ip": "203.0.113.27", "locale": "es-CO"}

    assert context_for(context, "full") is context
    assert context_for(context, "truncated") == {"locale": "es-CO", "ip": "203.0.113.0"}
    assert context_for(context, "none") == {"locale": "es-CO"}
