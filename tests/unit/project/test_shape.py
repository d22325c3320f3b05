"""The schemas of our own files describe every key, and a value of each kind is told where it stands."""

import json

import jsonschema_rs
import pytest

from engine.project.layout import CONFIG, reference_root
from engine.project.shape import load_shapes, misshapen
from engine.project.yamlfile import read_yaml
from engine.schema.dialect import schemas_in
from engine.schema.patterns import can_run

KINDS = ("project", "destination", "rule", "inbound")
SHAPES = load_shapes(reference_root())


def schema(kind):
    return json.loads((reference_root() / CONFIG / f"{kind}.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_is_a_schema_that_describes_every_key_for_editors(kind):
    jsonschema_rs.meta.validate(schema(kind))

    for path, one in schemas_in(schema(kind)):
        for key, part in one.get("properties", {}).items():
            assert part.get("description", "").endswith((".", "{{ env.SHOP_WRITE_KEY }}.")), (
                path,
                key,
            )
        if "properties" in one:
            assert one["additionalProperties"] is False, path
        assert can_run(one.get("pattern", "")), path


def told(kind, text):
    document, _ = read_yaml("a.yaml", text.encode())
    return [str(finding) for finding in misshapen(document, getattr(SHAPES, kind))]


RULE = "destination: a\nrules: [{ name: b, match: %s, drop: no reason }]"


@pytest.mark.parametrize(
    "match",
    ["{}", "{ type: track }", "{ type: [page, track], event: Order *, source: [a, b] }",
     "{ event: [A, B] }"],
)  # fmt: skip
def test_a_match_takes_a_value_a_list_or_a_glob(match):
    assert told("rule", RULE % match) == []


@pytest.mark.parametrize(
    "match", ["[]", "{ type: tracks }", "{ type: [] }", "{ event: 1 }", "{ even: A }"]
)
def test_a_match_takes_nothing_else(match):
    assert len(told("rule", RULE % match)) == 1


DESTINATION = "name: a\nrequest: { url: x }\n%s"


@pytest.mark.parametrize(
    "line",
    ["mode: off", "mode: \"{{ env.M | default('live') }}\"", "sources: a", "sources: [a, b]",
     "rollout: { percent: 12.5, by: user }", "consent: { any: [a, b] }", "window: 1h30m",
     "batch: { max_bytes: 1.5MiB, group_by: [a.b] }", "limits: { rate: 600/min }",
     "responses: [{ then: split }, { then: dead, failed: x, rest: retry, after: 3 }]",
     "request: { url: x, params: { v: 2, ok: true, t: x }, body: [1] }"],
)  # fmt: skip
def test_a_destination_takes_what_the_design_says(line):
    text = DESTINATION % line if "request" not in line else f"name: a\n{line}"

    assert told("destination", text) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sunset: 2028-7-29", "expected a date such as 2028-07-29"),
        ("window: 7", "window is a number (7), expected a time such as"),
        ("title: true", 'E141 title is a boolean (true), expected text; put it in quotes: "true"'),
        ("title:", 'E141 title is null, expected text; nothing stands there; an empty text is written ""'),
        ("aliases: Meta", 'E141 aliases is text ("Meta"), expected a list; write it as a list: [Meta]'),
        ("rollout: { percent: '50' }", 'percent is text ("50"), expected a number; write 50'),
        ("rollout: { percent: 101 }", "rollout.percent is above the maximum of 100"),
        ("consent: { when_missing: allow }", 'consent lacks "all" or "any"'),
        ("responses: [{ then: dead, rest: retry }]", "failed is missing in responses[0], and must go"),
        ("responses: [{ when: x }]", "a.yaml:3:13 E142 then is missing in responses[0]; it says: What"),
        ("colour: red", 'a.yaml:3:1 E140 unknown key "colour"'),
        ("contract: payloads/a.yaml", "expected a path such as schemas/payloads/meta.yaml"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_where_it_stands_with_the_right_form(line, words):
    (finding,) = told("destination", DESTINATION % line)

    assert words in finding
    assert finding.startswith("a.yaml:3:")


def test_a_file_that_is_no_object_is_told():
    (finding,) = told("project", "- a")

    assert finding == "a.yaml:1:1 E141 the file is a list, expected an object"


def test_a_secret_is_not_shown():
    (finding,) = told("destination", "name: a\nrequest: { url: x, method: 'hush hush 12345' }")

    assert "hush" not in finding
