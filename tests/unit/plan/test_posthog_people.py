"""PostHog: one human stays one person, in their own session, and counts in their experiments."""

import json

import pytest

from tests.support.events import an_event
from tests.support.processes import DEMO_ENV, ROOT, a_project
from tests.support.releases import findings_of
from tests.unit.plan.posthog_payloads import (
    BROWSER,
    COOKIE,
    SESSION,
    a_cookie,
    an_order,
    decisions,
    payload,
    payloads,
)

# The list of PostHog's own, from its documentation of illegal distinct ids.
NOBODY = [
    *[
        "0",
        "anonymous",
        "anonymous-user",
        "backend",
        "distinct_id",
        "distinctid",
        "email",
        "false",
        "guest",
        "id",
        "nan",
    ],
    *["none", "not_authenticated", "null", "system", "true", "undefined", "user"],
    "00000000-0000-0000-0000-000000000000",
    "[object Object]",
]


def test_the_browser_s_cookie_tells_who_it_is_and_in_which_session():
    found = payload(an_order(cookies={COOKIE: a_cookie()}))

    assert found["distinct_id"] == BROWSER
    assert found["properties"]["$session_id"] == SESSION


def test_of_several_cookies_that_of_our_own_project_counts():
    cookies = {"ph_phc_aaa_posthog": a_cookie("other"), COOKIE: a_cookie()}

    assert payload(an_order(cookies=cookies))["distinct_id"] == BROWSER


def test_what_the_page_says_itself_goes_before_its_cookie():
    told = {"distinct_id": "told-1", "session_id": SESSION.upper(), "window_id": SESSION}

    found = payload(an_order(cookies={COOKIE: a_cookie("b-1", "x")}, posthog=told))

    assert found["distinct_id"] == "told-1"
    assert found["properties"]["$session_id"] == SESSION
    assert found["properties"]["$window_id"] == SESSION


@pytest.mark.parametrize("cookie", ["", "x", "%7B%22", "%5B%5D", "%22text%22"])
def test_a_cookie_that_can_t_be_read_costs_nothing(cookie):
    found = payload(an_order(cookies={COOKIE: cookie}) | {"userId": "cli-7"})

    assert found["distinct_id"] == "cli-7"
    assert "$session_id" not in found["properties"]


def test_a_session_id_of_another_kind_is_left_out():
    found = payload(an_order(posthog={"session_id": "s-1"}, sessionId=1795184123))

    assert "$session_id" not in found["properties"]


@pytest.mark.parametrize("nobody", [*NOBODY, " Guest ", "NULL", "x" * 201, "  "])
def test_an_id_that_means_nobody_is_passed_over_wherever_it_stands(nobody):
    everywhere = an_order(posthog={"distinct_id": nobody}, cookies={COOKIE: a_cookie(nobody)})

    found = payload({**everywhere, "userId": nobody, "anonymousId": "anon-7"})

    assert found["distinct_id"] == "anon-7"
    assert found["properties"]["$process_person_profile"] is False


def test_an_id_of_200_characters_is_kept():
    assert payload(an_event(userId="x" * 200))["distinct_id"] == "x" * 200


def test_events_of_nobody_count_each_for_itself():
    one, other = (
        payload(an_event(userId="guest", anonymousId=..., messageId=f"m-{n}")) for n in (1, 2)
    )

    assert one["distinct_id"] == one["uuid"]
    assert one["distinct_id"] != other["distinct_id"]


@pytest.mark.parametrize(
    ("profiles", "user_id", "makes_one"),
    [
        ("always", ..., True),
        ("always", "cli-7", True),
        ("identified_only", ..., False),
        ("identified_only", "guest", False),
        ("identified_only", "cli-7", True),
        ("never", "cli-7", False),
        ("never", ..., False),
    ],
)
def test_a_profile_is_made_as_person_profiles_says(profiles, user_id, makes_one, tmp_path):
    project = a_project(tmp_path)
    file = project / "destinations/posthog.yaml"
    setting = "person_profiles: identified_only"
    file.write_text(file.read_text().replace(setting, f"person_profiles: {profiles}"))
    release, _ = findings_of(project, DEMO_ENV)
    assert release is not None

    found = payload(an_event(userId=user_id), to=release.destination("posthog"))

    assert found["properties"]["$process_person_profile"] is makes_one


def test_flags_go_along_so_that_experiments_count_what_the_server_saw():
    told = {"$feature/checkout": "short", "$feature/dark": False, "distinct_id": "b-1"}
    body = an_order(posthog={**told, "$active_feature_flags": ["checkout"]})
    body["properties"] |= {"$feature/price": "high", "$feature/checkout": "long", "note": "x"}

    properties = payload(body)["properties"]

    assert properties["$feature/checkout"] == "long"
    assert properties["$feature/price"] == "high"
    assert properties["$feature/dark"] is False
    assert properties["$active_feature_flags"] == ["checkout"]
    assert "note" not in properties
    assert "distinct_id" not in properties


def test_an_identify_joins_the_browser_to_the_person():
    body = an_event(type="identify", event=..., properties=..., userId="cli-7")
    body["context"]["cookies"] = {COOKIE: a_cookie()}
    body["traits"] = {"country": "Colombia", "createdAt": "2026-01-02", "email": "a@example.com"}

    found = payload(body)

    assert (found["event"], found["distinct_id"]) == ("$identify", "cli-7")
    assert found["properties"]["$anon_distinct_id"] == BROWSER
    assert found["properties"]["$set"] == {"country": "CO"}
    assert found["properties"]["$set_once"] == {"created_at": "2026-01-02"}
    assert "example.com" not in json.dumps(found)


def test_who_signs_up_is_joined_first_and_then_counted_under_ids_of_their_own():
    body = an_event("Signed Up", userId="cli-7", properties={"method": "email"})

    joined, told = payloads(body)

    assert (joined["event"], told["event"]) == ("$identify", "Signed Up")
    assert joined["uuid"] != told["uuid"]
    assert joined["properties"]["$anon_distinct_id"] == "anon-lucia"


def test_an_alias_joins_two_ids_and_never_one_that_means_nobody():
    body = an_event(type="alias", event=..., properties=..., userId="cli-7", previousId="inv-7781")

    found = payload(body)
    (refused,) = decisions({**body, "previousId": "Guest"})

    assert (found["event"], found["distinct_id"]) == ("$create_alias", "cli-7")
    assert found["properties"]["alias"] == "inv-7781"
    assert refused.verb == "drop"


def test_a_group_and_the_events_of_its_people_carry_the_same_key():
    group = an_event(
        type="group", event=..., properties=..., groupId="g-1", traits={"name": "Acme"}
    )

    found = payload(group)

    assert found["event"] == "$groupidentify"
    assert found["properties"]["$group_type"] == "company"
    assert found["properties"]["$group_key"] == "g-1"
    assert found["properties"]["$group_set"] == {"name": "Acme"}
    assert payload(an_order(groupId="g-1"))["properties"]["$groups"] == {"company": "g-1"}


def test_a_person_property_can_be_taken_away():
    body = an_event(type="identify", event=..., properties=..., traits={"$unset": ["country"]})

    assert payload({**body, "userId": "cli-7"})["properties"]["$unset"] == ["country"]


def test_the_day_s_people_keep_the_ids_that_their_browsers_have():
    lines = (ROOT / "tests/data/shop-day.jsonl").read_text("utf-8").splitlines()
    orders = [one for line in lines if (one := json.loads(line)).get("event") == "Order Completed"]
    found = [
        (order, one.payload.body)
        for order in orders
        if "ph_phc_demo_posthog" in order["context"].get("cookies", {})
        and "broken" not in order["context"].get("test", {})
        for one in decisions(order)
        if one.payload is not None
    ]

    assert found
    for order, body in found:
        assert body["distinct_id"] in order["context"]["cookies"]["ph_phc_demo_posthog"]
