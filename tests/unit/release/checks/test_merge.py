"""``$merge`` and the checks of a release: what it may bring is not missing."""

from tests.unit.release.checks.test_checks import ORDER, rules, told


def test_what_a_merge_may_bring_is_not_told_to_be_missing(tmp_path):
    text = ORDER.replace("id:", "$merge:").replace("event.messageId", "properties")

    assert told(tmp_path, rules(text)) == []


def test_the_fields_of_a_merge_are_checked_like_any_other(tmp_path):
    text = ORDER.replace('" }', '", x: { $merge: "{{ properties.produkts }}" } }')

    assert [one[0] for one in told(tmp_path, rules(text))] == ["E204"]
