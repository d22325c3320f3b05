import pytest

from engine.model.clock import to_iso
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from engine.pipeline.scope import person, view
from tests.support.events import NOW, SHOP, an_event, an_inbound
from tests.support.releases import a_release


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ({"traits": {"firstName": "Ana", "first_name": "Lucía"}}, {"first_name": "Lucía"}),
        ({"traits": {"first_name": "Lucía", "firstName": "Ana"}}, {"first_name": "Lucía"}),
        ({"traits": {"first_name": "", "given_name": "Ana"}}, {"first_name": "Ana"}),
        ({"traits": {"address": {"city": "Cali"}, "city": "Tunja"}}, {"city": "Tunja"}),
        ({"traits": {"address": {"region": "Valle", "name": "Home"}}}, {"state": "Valle"}),
        ({"properties": {"email": "p@x.co"}, "traits": {"mail": "t@x.co"}}, {"email": "t@x.co"}),
        ({"properties": {"email": "p@x.co"}, "traits": {"email": ""}}, {"email": "p@x.co"}),
        ({"properties": {"email": "p@x.co"}, "traits": {"email": " "}}, {"email": "p@x.co"}),
        ({"context": {"traits": {"phone": 1}}, "traits": {"phone": 2}}, {"phone": 2}),
        ({"context": {"traits": [1]}, "traits": "x", "properties": 3}, {}),
        ({"userId": "u", "anonymousId": "a"}, {"user_id": "u", "anonymous_id": "a"}),
    ],
)
def test_a_person_is_seen_by_the_first_spelling_of_the_nearest_place(body, seen):
    assert {key: person(body).get(key) for key in seen} == seen


@pytest.mark.parametrize("key", ["name", "country", "city", "state"])
def test_what_properties_say_of_a_product_is_not_said_of_the_person(key):
    assert key not in person({"properties": {key: "x"}})


def test_every_trait_stays_under_its_own_name(tmp_path):
    event = admit(a_release(tmp_path), an_inbound(an_event(traits={"vip": True}))).event

    assert view(event, SHOP)["user"]["vip"] is True


@pytest.mark.parametrize(
    "rule",
    [
        """{ name: a, match: { type: track }, payload: { id: "{{ now }}" } }""",
        """{ name: a, match: { type: track }, when: "{{ now }}", payload: { id: x } }""",
    ],
)
def test_a_rule_that_asks_for_the_moment_is_told(tmp_path, rule):
    release = a_release(tmp_path, {"rules/hook.yaml": f"destination: hook\nrules:\n  - {rule}\n"})
    event = admit(release, an_inbound(an_event())).event

    [decision] = decide(release.destinations[0], event, SHOP, NOW)

    assert decision.payload.body["id"] in (to_iso(NOW), "x")


def test_who_reads_no_moment_is_told_none(tmp_path):
    assert not a_release(tmp_path).destinations[0].routes.reads_now
