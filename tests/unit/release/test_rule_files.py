"""One rule file for several destinations: each has its own rules of it, and a fault is told once."""

from engine.authoring.dry_run import dry_run
from engine.model.finding import in_order
from tests.support.events import NOW, SHOP, an_event
from tests.support.releases import ENV, FILES, a_release, findings_of, write_project

BOTH = {
    "destinations/other.yaml": FILES["destinations/hook.yaml"].replace("name: hook", "name: other")
    + "settings: { prefix: other- }\n",
    "destinations/hook.yaml": FILES["destinations/hook.yaml"] + "settings: { prefix: hook- }\n",
    "rules/hook.yaml": FILES["rules/hook.yaml"]
    .replace("destination: hook", "destination: [hook, other]")
    .replace('id: "{{ event.messageId }}"', 'id: "{{ settings.prefix ~ properties.order_id }}"'),
}


def told(folder, changed):
    write_project(folder, {**FILES, **BOTH, **changed})
    return [
        (one.code, one.place.file, one.place.line, one.place.column)
        for one in in_order(findings_of(folder, ENV)[1])
    ]


def test_each_destination_of_a_rule_file_gets_the_event_with_its_own_settings(tmp_path):
    release = a_release(tmp_path, BOTH)

    dry = dry_run(release, an_event(), SHOP, NOW, frozenset({"hook", "other"}))

    assert [(one.destination, one.payload.body["id"]) for _, one in dry.decisions] == [
        ("hook", "hook-SO-1001"),
        ("other", "other-SO-1001"),
    ]


def test_a_fault_in_a_shared_rule_file_is_told_once(tmp_path):
    wrong = BOTH["rules/hook.yaml"].replace("properties.total", "properties.totl")

    assert told(tmp_path, {"rules/hook.yaml": wrong}) == [("E204", "rules/hook.yaml", 7, 29)]


def test_a_setting_that_one_of_the_destinations_lacks_is_told(tmp_path):
    without = {"destinations/other.yaml": BOTH["destinations/other.yaml"].replace("prefix", "x")}

    [(code, file, line, _)] = told(tmp_path, without)

    assert (code, file, line) == ("E209", "rules/hook.yaml", 6)


def test_a_second_rule_file_for_one_of_the_destinations_is_told_at_its_name(tmp_path):
    second = BOTH["rules/hook.yaml"].replace("[hook, other]", "other")

    assert told(tmp_path, {"rules/second.yaml": second}) == [("E155", "rules/second.yaml", 1, 14)]


def test_a_name_in_the_list_that_is_no_destination_is_told_where_it_stands(tmp_path):
    wrong = BOTH["rules/hook.yaml"].replace("[hook, other]", "[hook, other, oter]")

    assert told(tmp_path, {"rules/hook.yaml": wrong}) == [("E151", "rules/hook.yaml", 1, 28)]


def test_a_destination_is_named_once(tmp_path):
    twice = BOTH["rules/hook.yaml"].replace("[hook, other]", "[hook, hook]")

    [(code, file, line, _)] = told(tmp_path, {"rules/hook.yaml": twice})

    assert (code, file, line) == ("E144", "rules/hook.yaml", 1)
