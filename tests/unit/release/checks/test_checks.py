"""What can't be meant: each check, by the code and the line of its finding."""

import pytest

from engine.model.clock import from_iso
from engine.release.checks.environment import check_environment
from engine.release.checks.sunset import check_sunset
from engine.release.keys import digest_of
from tests.support.processes import DEMO_ENV
from tests.support.releases import (
    ENV,
    FILES,
    a_release,
    findings_of,
    the_reference_release,
    write_project,
)


def told(folder, changed, env=ENV):
    write_project(folder, {**FILES, **changed})
    return [
        (one.code, one.place.file, one.place.line, one.hint) for one in findings_of(folder, env)[1]
    ]


def rules(text):
    return {"rules/hook.yaml": "destination: hook\nrules:\n" + text}


ORDER = """\
  - name: order
    match: { type: track, event: Order Completed }
    payload: { id: "{{ event.messageId }}" }
"""


def test_the_small_project_has_no_findings(tmp_path):
    assert told(tmp_path, {}) == []


@pytest.mark.parametrize(
    "earlier",
    [
        "{ type: track, event: Order Completed }",
        "{ event: Order Completed }",
        '{ event: "Order *" }',
        "{ type: track }",
        "{ type: [track, page] }",
    ],
)
def test_a_rule_behind_one_that_takes_all_of_its_events_is_never_reached(tmp_path, earlier):
    first = f"  - name: first\n    match: {earlier}\n    drop: not wanted\n"

    [(code, file, line, hint)] = told(tmp_path, rules(first + ORDER))

    assert (code, file, line) == ("E301", "rules/hook.yaml", 6)
    assert "move order above first" in hint


@pytest.mark.parametrize(
    "earlier",
    [
        "{ event: Order Completed }\n    also: true",
        '{ event: Order Completed }\n    when: "{{ properties.total > 1 }}"',
        "{ event: Order Completed, source: web }",
        "{ type: page }",
        '{ event: "Cart *" }',
    ],
)
def test_a_rule_that_can_be_reached_is_not_complained_of(tmp_path, earlier):
    first = f'  - name: first\n    match: {earlier}\n    payload: {{ id: "x" }}\n'

    assert told(tmp_path, rules(first + ORDER)) == []


def test_a_field_that_the_event_does_not_have_is_named_with_the_nearest(tmp_path):
    text = ORDER.replace("event.messageId", "properties.order_idd")

    assert told(tmp_path, rules(text)) == [
        ("E204", "rules/hook.yaml", 5, 'did you mean "order_id"?')
    ]


def test_a_field_of_a_list_s_element_is_checked_too(tmp_path):
    text = ORDER + "    each: product in properties.products\n"
    text = text.replace("{{ event.messageId }}", "{{ product.skuu }}:{{ part }}")

    assert [one[0] for one in told(tmp_path, rules(text))] == ["E204"]


def test_a_field_that_nothing_resembles_is_a_warning(tmp_path):
    text = ORDER.replace("event.messageId", "properties.loyalty_tier")

    assert [one[0] for one in told(tmp_path, rules(text))] == ["W204"]


def test_an_event_name_that_is_nearly_planned_is_a_warning(tmp_path):
    text = ORDER.replace("Order Completed", "Order Complete")

    [(code, _, line, hint)] = told(tmp_path, rules(text))

    assert (code, line, hint) == ("W302", 4, 'did you mean "Order Completed"?')


def test_what_the_contract_demands_and_no_leaf_gives_is_an_error(tmp_path):
    text = ORDER.replace("id:", "total:").replace("event.messageId", "properties.total")

    [(code, file, line, hint)] = told(tmp_path, rules(text))

    assert (code, file, line) == ("E320", "rules/hook.yaml", 3)
    assert "add id to the payload" in hint


def test_each_without_part_in_the_dedupe_key_is_an_error(tmp_path):
    text = ORDER + "    each: product in properties.products\n"

    assert [one[0] for one in told(tmp_path, rules(text))] == ["E310"]


def test_a_mode_that_is_none_is_an_error_with_the_nearest(tmp_path):
    text = FILES["destinations/hook.yaml"] + "mode: \"{{ env.HOOK_MODE | default('lve') }}\"\n"

    [(code, _, line, hint)] = told(tmp_path, {"destinations/hook.yaml": text})

    assert (code, line, hint) == ("E311", 13, 'did you mean "live"?')


def test_a_host_that_an_event_could_choose_is_an_error(tmp_path):
    text = FILES["destinations/hook.yaml"].replace(
        "https://hook.example.com/in", '"https://{{ (batch | first).id }}/in"'
    )

    assert [one[0] for one in told(tmp_path, {"destinations/hook.yaml": text})] == ["E313"]


def test_two_schemas_for_one_event_are_an_error(tmp_path):
    again = {"schemas/events/again.yaml": FILES["schemas/events/order-completed.yaml"]}

    assert [one[0] for one in told(tmp_path, again)] == ["E121"]


def test_two_sources_with_one_key_are_an_error(tmp_path):
    text = FILES["encamina.yaml"].replace(digest_of("strict-key"), digest_of("web-key"))

    assert [one[0] for one in told(tmp_path, {"encamina.yaml": text})] == ["E314"]


def test_an_ip_that_a_destination_is_not_given_is_a_warning(tmp_path):
    text = ORDER.replace("event.messageId", "context.ip")

    found = told(tmp_path, rules(text))

    assert [(code, line) for code, _, line, _ in found if code == "W330"] == [("W330", 5)]


@pytest.mark.parametrize(
    ("today", "message"),
    [
        ("2026-09-01", None),
        ("2026-10-03", "ends in 90 days, on 2027-01-01"),
        ("2027-01-02", "has ended, on 2027-01-01"),
    ],
)
def test_a_version_that_ends_is_told_90_days_before(tmp_path, today, message):
    text = FILES["destinations/hook.yaml"] + "sunset: 2027-01-01\n"
    release = a_release(tmp_path, {"destinations/hook.yaml": text})

    found = [one.message for one in check_sunset(release, from_iso(today))]

    assert found == ([] if message is None else [f"the API version of hook {message}"])


def environment(env):
    return [(one.code, one.message) for one in check_environment(the_reference_release(env))]


def test_the_demo_environment_lacks_nothing():
    env = {name: value for name, value in DEMO_ENV.items() if name != "GA4_MODE"}

    assert environment(env) == []


def test_a_secret_that_is_not_set_is_a_warning_with_its_name():
    env = {name: value for name, value in DEMO_ENV.items() if name != "META_CONVERSION_API_TOKEN"}

    assert (
        "W401",
        "META_CONVERSION_API_TOKEN is not set, so meta will be paused and its events kept",
    ) in environment(env)


def test_two_live_destinations_that_count_in_one_place_are_a_warning():
    [(code, message)] = environment(DEMO_ENV)

    assert code == "W403"
    assert "ga4 and gtm are both live and count in G-ABC123" in message


def test_a_source_without_a_key_is_a_warning(tmp_path):
    release = a_release(tmp_path, env={"OTHER": "1"})

    assert [one.code for one in check_environment(release)] == ["W402"]


def test_a_path_of_the_destination_that_no_rule_gives_is_told(tmp_path):
    hook = FILES["destinations/hook.yaml"]
    paths = "event_name: id\nmatch_keys: { total: total, email: user.email }\n"

    found = told(tmp_path, {"destinations/hook.yaml": hook + paths})

    assert [(code, file) for code, file, _, _ in found] == [("W303", "destinations/hook.yaml")]
