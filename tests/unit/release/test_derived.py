"""Files of rules/derived/, compiled, and what is said of those that can't be meant."""

from textwrap import dedent

import pytest

from engine.model.event import Event
from tests.support.events import NOW
from tests.support.releases import FILES, findings_of, write_project

GOOD = """
    derived: it
    from: { event: Order Completed }
    key: person
    figures: { orders: { count: true } }
    emit:
      - event: { event: Second }
"""


def told(folder, text=GOOD, env=None, **others):
    files = {**FILES, "rules/derived/it.yaml": dedent(text).lstrip()}
    for name, other in others.items():
        files[f"rules/derived/{name}.yaml"] = dedent(other).lstrip()
    release, findings = findings_of(
        write_project(folder, files), {"SHOP_WRITE_KEY": "k", **(env or {})}
    )
    return release, findings


def codes(findings):
    return [one.code for one in findings]


def test_a_good_file_is_compiled_with_its_place(tmp_path):
    text = GOOD.replace(
        "key: person", "key: [person, '{{ properties.order_id }}']\n    within: 1h30m"
    )
    release, findings = told(tmp_path, text)

    # Second is not in the plan of the small project.
    assert codes(findings) == ["W302"]
    [one] = release.derived
    assert one.within_ms == 5_400_000
    assert one.keys[0] is None
    assert one.place.file == "rules/derived/it.yaml"
    assert one.emits[0].on == "due"


def test_the_time_may_come_from_the_environment(tmp_path):
    text = GOOD + "    within: \"{{ env.AFTER | default('1h') }}\"\n"

    assert told(tmp_path, text)[0].derived[0].within_ms == 3_600_000
    assert told(tmp_path, text, {"AFTER": "10m"})[0].derived[0].within_ms == 600_000
    _, findings = told(tmp_path, text, {"AFTER": "soon"})
    assert codes(findings) == ["E150"]
    assert "within is soon" in findings[0].message


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (GOOD + "    without: { event: Order Completed }\n", "E180", "without within:"),
        (GOOD + "    starts_anew: true\n", "E180", "without within:"),
        (GOOD.replace("- event:", "- on: due\n        event:"), "E180", "on: due"),
        (GOOD.replace("count: true", "list: x, over: 30d"), "E180", "over: is for count, sum"),
        (GOOD.replace("count: true", "count: true, add: n"), "E180", "add: is for list"),
        (GOOD.replace("count: true", "list: { n: 1 }, add: n"), "E180", "without by:"),
        (GOOD.replace("count: true", "list: { n: 1 }, by: x, add: m"), "E180", 'names "m"'),
        (
            GOOD.replace("count: true", "list: { n: 1 }, by: x, add: { when: x }"),
            "E142",
            "number is missing",
        ),
        (GOOD.partition("    emit:")[0], "E180", "makes nothing"),
        (GOOD.replace("count: true", "count: true, sum: x"), "E180", "has count: and sum:"),
        (GOOD.replace("count: true", "over: 1d"), "E144", "lacks"),
        (GOOD + '    fill: { x: "{{ figures.ordres }}" }\n', "E209", "ordres"),
        (GOOD + "    mode: \"{{ 'on' }}\"\n", "E311", "unknown mode"),
        (GOOD + "    within: 10ms\n", "E150", "less than a second"),
        (GOOD.replace("from: {", "from: { source: sohp,"), "E157", "sohp"),
        (GOOD.replace("key: person", "key: '{{ figures.orders }}'"), "E202", "figures"),
    ],
)
def test_what_can_not_be_meant_is_told(tmp_path, text, code, message):
    release, findings = told(tmp_path, text)

    assert release is None
    assert any(one.code == code and message in str(one) for one in findings), [*map(str, findings)]


def test_two_files_of_one_name_are_told(tmp_path):
    _, findings = told(tmp_path, GOOD, other=GOOD)

    assert "E181" in codes(findings)


def test_a_circle_of_files_is_refused(tmp_path):
    other = GOOD.replace("derived: it", "derived: other")
    one = GOOD.replace("from: { event: Order Completed }", "from: { event: Second }")
    one = one.replace("- event: { event: Second }", "- event: { event: Order Completed }")
    release, findings = told(tmp_path, one, other=other)

    assert release is None
    assert codes(findings).count("E182") == 2


def test_a_file_that_takes_by_a_glob_what_it_makes_is_no_circle(tmp_path):
    release, findings = told(
        tmp_path, GOOD.replace("from: { event: Order Completed }", 'from: { event: "*" }')
    )

    assert release is not None
    assert "E182" not in codes(findings)


def test_a_file_that_takes_by_its_name_what_it_makes_is_refused(tmp_path):
    made = "Order Completed, properties: { order_id: x }"
    _, findings = told(tmp_path, GOOD.replace("Second", made))

    assert codes(findings) == ["E182"]


def test_an_event_that_was_made_is_taken_by_its_name_alone(tmp_path):
    release, _ = told(
        tmp_path,
        GOOD.replace("from: { event: Order Completed }", 'from: { event: ["Order *", Named] }'),
    )
    [one] = release.derived

    def takes(name, context):
        body = {"context": context}
        return one.takes.takes(Event("shop", "m", "track", name, NOW, NOW, body))

    assert takes("Order Completed", {})
    assert not takes("Order Completed", {"derived": {"by": "x"}})
    assert takes("Named", {"derived": {"by": "x"}})
    assert not takes("Other", {})


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        (
            "event: Order Completed }\n    key",
            "event: Order Compleet }\n    key",
            "W302",
            "Order Compleet",
        ),
        ("count: true", 'sum: "{{ properties.totl }}"', "E204", "totl"),
        (
            "key: person",
            "key: person\n    within: 1h\n    without: { event: Order Completed, when: '{{ properties.totl }}' }",
            "E204",
            "totl",
        ),
        (
            "count: true",
            "list: { n: 1 }, by: x, add: { number: n, when: '{{ properties.totl }}' }",
            "E204",
            "totl",
        ),
        (
            "- event: { event: Second }",
            "- event: { event: Order Completed, properties: { ordr_id: x } }",
            "E204",
            "ordr_id",
        ),
        ("- event: { event: Second }", "- event: { event: Unknown }", "W302", "Unknown"),
    ],
)
def test_what_is_taken_read_and_made_is_held_against_the_plan(tmp_path, old, new, code, message):
    assert GOOD.count(old) == 1
    _, findings = told(tmp_path, GOOD.replace(old, new))

    assert any(one.code == code and message in one.message for one in findings)


@pytest.mark.parametrize(
    ("takes", "ends", "codes_"),
    [
        ("event: Order Completed", "event: Order Completed", ["E183"]),
        ("event: Order Completed", "event: 'Order *'", ["E183"]),
        ("event: Order Completed", "type: track", ["E183"]),
        ("event: Order Completed", "{}", ["E183"]),
        ("event: Order Completed, source: shop", "event: Order Completed", ["E183"]),
        ("event: Order Completed", "event: Order Completed, source: shop", []),
        ("event: Order Completed", "event: Order Completed, when: '{{ properties.total }}'", []),
        ("event: [Order Completed, 'O*']", "event: Order Completed", ["W183"]),
        ("type: track", "event: Order Completed", []),
        ("event: Order Completed", "type: page", []),
    ],
)
def test_what_ends_the_wait_is_not_all_that_begins_it(tmp_path, takes, ends, codes_):
    ends = ends if ends == "{}" else f"{{ {ends} }}"
    text = GOOD.replace("{ event: Order Completed }", f"{{ {takes} }}")
    text = text.replace("event: { event: Second }", "event: { event: 'Second' }")
    _, findings = told(tmp_path, f"{text}    within: 1h\n    without: {ends}\n")

    assert [one for one in codes(findings) if one != "W302"] == codes_, [*map(str, findings)]


SECOND = """
    title: Second
    type: object
    required: [type, event, messageId, timestamp, userId]
    anyOf: [{ required: [userId] }, { required: [anonymousId] }]
    properties:
      type: { const: track }
      event: { const: Second }
      properties: { $ref: ../common/made.yaml }
    """
MADE = """
    type: object
    allOf:
      - required: [level]
      - anyOf:
          - { required: [order_id], properties: { level: { const: high } } }
          - { required: [lines], properties: { level: { enum: [low, 0] } } }
    properties:
      level: { anyOf: [{ $ref: "#/$defs/word" }, { type: integer }] }
      order_id: { $ref: id.yaml }
      lines: { type: array, items: { type: object, required: [sku], properties: { sku: { $ref: id.yaml }, n: { type: number } } } }
      is_new: { type: boolean }
    $defs: { word: { type: string, maxLength: 4 } }
    """
FITTING = {
    "schemas/events/second.yaml": SECOND,
    "schemas/common/made.yaml": MADE,
    "schemas/common/id.yaml": "type: [string, integer]\nminLength: 2\n",
}


@pytest.mark.parametrize(
    ("properties", "told_"),
    [
        ("{ level: high, order_id: '{{ properties.order_id }}' }", []),
        ("{ level: 7, order_id: 12 }", []),
        ("{ level: '{{ figures.orders }}', is_new: '{{ figures.orders == 1 }}' }", []),
        ("{ level: '{{ figures.orders if properties.total else 1 }}' }", []),
        ("{ level: low, lines: '{{ properties.products }}' }", []),
        ("{ level: low, lines: [{ sku: '{{ properties.order_id }}' }] }", []),
        ("{ level: low, $merge: '{{ properties }}' }", []),
        ("{ $merge: '{{ properties }}' }", []),
        ("'{{ properties }}'", []),
        ("{ level: '', order_id: null }", []),
        ("{ level: '{{ properties.total }}' }", []),
        ("{ level: highest }", ["E323 properties.level"]),
        ("{ level: true }", ["E323 properties.level"]),
        ("{ level: '{{ figures.orders == 1 }}' }", ["E323 properties.level"]),
        ("{ level: 1, order_id: x }", ["E323 properties.order_id"]),
        ("{ level: 1, is_new: '{{ figures.orders }}' }", ["E323 properties.is_new"]),
        ("{ level: 1, lines: '{{ properties.order_id }}' }", ["E323 properties.lines"]),
        ("{ level: 1, lines: [{ n: 1 }] }", ["E320 it gives no properties.lines[].sku"]),
        (
            "{ level: 1, lines: { $for: one in properties.products, $do: { sku: a, n: x } } }",
            ["E323 properties.lines[].sku", "E323 properties.lines[].n"],
        ),
        ("{ order_id: '12' }", ["E320 it gives no properties.level"]),
        ("text", ["E323 properties of Second"]),
    ],
)
def test_what_is_made_is_held_against_its_schema_where_that_is_sure(tmp_path, properties, told_):
    made = f"event: {{ event: Second, properties: {properties} }}"
    text = dedent(GOOD.replace("event: { event: Second }", made)).lstrip()
    write_project(tmp_path, {**FILES, **FITTING, "rules/derived/it.yaml": text})
    _, findings = findings_of(tmp_path, {"SHOP_WRITE_KEY": "k"})

    found = [f"{one.code} {one.message}" for one in findings]
    assert len(found) == len(told_), found
    for one, start in zip(found, told_, strict=True):
        assert one.startswith(start), found


@pytest.mark.parametrize(
    ("key", "keys", "by_person"),
    [
        ("person", [True], {0}),
        ("'{{ person }}'", [True], {0}),
        ("'{{ properties.order_id }}'", [False], set()),
        ("['{{ properties.order_id }}', '{{ person ~ properties.order_id }}']", [False] * 2, {1}),
    ],
)
def test_a_key_may_be_the_person_or_name_them_beside_something_else(tmp_path, key, keys, by_person):
    release, _ = told(tmp_path, GOOD.replace("key: person", f"key: {key}"))

    [one] = release.derived
    assert [template is None for template in one.keys] == keys
    assert one.by_person == by_person
