import hashlib
import json

import pytest

from engine.authoring.dry_run import dry_run
from tests.support.events import NOW, SHOP, an_event
from tests.support.processes import DEMO_ENV
from tests.support.releases import a_release, the_reference_release


@pytest.fixture(scope="module")
def reference():
    return the_reference_release(DEMO_ENV)


def warned(release, traits, *, destination="meta", **context):
    event = an_event(context={**an_event()["context"], "traits": traits, **context})
    [(_, decision)] = dry_run(release, event, SHOP, NOW, frozenset({destination})).decisions
    return decision


@pytest.mark.parametrize(
    ("traits", "path", "source"),
    [
        ({"phone": "123"}, "user_data.ph", "user.phone"),
        ({"phone": 123}, "user_data.ph", "user.phone"),
        ({"email": "ana@localhost"}, "user_data.em", "user.email"),
        ({"birthday": "04/07/1988"}, "user_data.db", "user.birthday"),
        ({"gender": "x"}, "user_data.ge", "user.gender"),
        ({"address": {"country": "Atlantis"}}, "user_data.country", "user.country"),
        ({"address": {"city": "2024"}}, "user_data.ct", "user.city"),
    ],
)
def test_a_value_that_no_use_can_be_made_of_is_told_without_showing_it(
    reference, traits, path, source
):
    decision = warned(reference, traits)

    [warning] = decision.warnings
    assert (warning.path, warning.file) == (path, "rules/meta.yaml")
    assert warning.message.startswith(f"{source} is there and normalize_")
    assert "123" not in warning.message
    assert decision.verb == "send"


def test_a_hash_of_nothing_is_told(reference):
    nothing = hashlib.sha256(b"").hexdigest()

    [warning] = warned(reference, {"email": nothing}).warnings

    assert warning.path == "user_data.em"


@pytest.mark.parametrize("advertising", [True, False])
def test_what_a_condition_leaves_out_is_not_told_and_what_a_list_lacks_is(reference, advertising):
    consent = {"categoryPreferences": {"advertising": advertising, "analytics": True}}

    warnings = warned(reference, {"phone": "12"}, destination="ga4", consent=consent).warnings

    told = [one.path for one in warnings]
    assert told == (["user_data.sha256_phone_number"] if advertising else [])


def test_an_address_of_the_shop_s_own_net_is_told_too(reference):
    [warning] = warned(reference, {}, ip="10.0.0.7").warnings

    assert warning.path == "user_data.client_ip_address"


def test_what_is_absent_empty_or_fine_is_not_told(reference):
    traits = {"phone": "", "email": "ana@tienda.co", "gender": "  ", "address": {"city": None}}

    assert warned(reference, traits).warnings == ()


def test_the_machine_form_has_them_where_there_are_some(reference):
    told = warned(reference, {"phone": "123"}).as_json()
    quiet = warned(reference, {}).as_json()

    assert [one["path"] for one in json.loads(json.dumps(told))["warnings"]] == ["user_data.ph"]
    assert "warnings" not in quiet


def test_a_rule_that_drops_or_forms_nothing_has_no_warnings(tmp_path, reference):
    hook = a_release(tmp_path)
    [(_, plain)] = dry_run(hook, an_event(), SHOP, NOW, frozenset({"hook"})).decisions
    dropped = dry_run(reference, an_event("Order Refunded"), SHOP, NOW, frozenset({"meta"}))

    assert plain.warnings == ()
    assert all(decision.warnings == () for _, decision in dropped.decisions)
