"""What is wrong with a schema is told with its place, and what to write instead."""

import textwrap

import pytest

from engine.project.yamlfile import read_yaml
from engine.schema.check import check_schema

COMMON = "$defs:\n  id: { $anchor: short, type: string }\n  list: [1]\n"


def told(text, path="schemas/events/a.yaml", unread=()):
    documents = [
        read_yaml(path, textwrap.dedent(text).encode())[0],
        read_yaml("schemas/common/product.yaml", COMMON.encode())[0],
    ]
    schemas = {document.file: document.value for document in documents}
    return [str(finding) for finding in check_schema(documents[0], schemas, unread)]


GOOD = [
    "type: object",
    "$schema: https://json-schema.org/draft/2020-12/schema",
    "$ref: ../common/product.yaml",
    "$ref: ../common/product.yaml#/$defs/id",
    "$ref: ../common/product.yaml#short",
    "$ref: https://json-schema.org/draft/2020-12/schema",
    "properties: { a: { $ref: '#' } }",
    "{ items: { $ref: '#/$defs/x~1y' }, $defs: { x/y: true } }",
    "properties: { minLenght: { type: string } }",
    "x-owner: web team",
    "examples: [{ $ref: nowhere.yaml }]",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_schema_that_can_be_used_has_no_finding(text):
    assert told(text) == []


BAD = [
    ("[1]", "a.yaml:1:1 E130 a schema is an object; found list"),
    ("$schema: http://json-schema.org/draft-07/schema#", "a.yaml:1:10 E131 "),
    ("type: strng", 'a.yaml:1:7 E143 type is "strng", expected one of'),
    ("required: id", "a.yaml:1:11 E141 required is text"),
    ("minLength: -1", "a.yaml:1:12 E144 minLength is below the minimum of 0"),
    ("properties: { a: 1 }", "a.yaml:1:18 E141 properties.a is a number (1), expected"),
    ("$ref: product.yaml", "a.yaml:1:7 E133 $ref there is no file schemas/events/product.yaml; did"),
    ("$ref: ../common/prodct.yaml", 'did you mean "../common/product.yaml"?'),
    ("$ref: ../../rules/meta.yaml", "E133 $ref rules/meta.yaml is not in schemas/"),
    ("$ref: ../common/product.yaml#/$defs/idd", 'no "idd" in #/$defs; did you mean "id"?'),
    ("$ref: ../common/product.yaml#shrt", "no $anchor shrt in schemas/common/product.yaml; did you"),
    ("$ref: ../common/product.yaml#/$defs/list", "#/$defs/list in schemas/common/product.yaml is no"),
    ("$ref: https://example.com/a.json", "a.yaml:1:7 E134 "),
    ("$ref: a b.yaml", 'E133 $ref holds a character that an address can\'t hold; write "a%20b.yaml"'),
    ("$ref: /etc/passwd", "a.yaml:1:7 E134 "),
    ("$ref: '#'", "a.yaml:1:7 E135 "),
    ("{ allOf: [{ $ref: '#/$defs/b' }], $defs: { b: { not: { $ref: '#' } } } }", "E135"),
    ("pattern: '['", "a.yaml:1:10 E136 "),
    ("pattern: '(?=x)y'", "a.yaml:1:10 E136 "),
    ("patternProperties: { '(': true }", "a.yaml:1:27 E136 "),
    ("properties: { a: { $id: https://example.com/b } }", "a.yaml:1:20 E137 "),
    ("dependencies: { a: [b] }", "a.yaml:1:1 E139 "),
    ("requierd: [a]", 'a.yaml:1:1 W130 "requierd" is no keyword of JSON Schema 2020-12'),
    ("additionalItems: false", "W130 "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_mistake_in_a_schema_is_told_with_its_place(text, words):
    findings = told(text)

    assert any(words in finding for finding in findings), findings
    assert all(finding.startswith("schemas/events/a.yaml:1:") for finding in findings)


def test_all_mistakes_of_a_schema_are_told():
    findings = told(
        """\
        properties:
          a: { $ref: nowhere.yaml }
          b: { pattern: '(?!x)' }
          c: { $ref: http://example.com/x }
        """
    )

    assert [finding.split()[:2] for finding in findings] == [
        ["schemas/events/a.yaml:2:14", "E133"],
        ["schemas/events/a.yaml:4:14", "E134"],
        ["schemas/events/a.yaml:3:17", "E136"],
    ]


def test_a_reference_to_a_file_that_could_not_be_read_is_not_told_again():
    assert told("$ref: ../common/x.yaml", unread={"schemas/common/x.yaml"}) == []


def test_an_address_that_is_the_id_of_a_file_of_the_project_is_told_by_its_path():
    path = "schemas/common/product.yaml"
    document, _ = read_yaml("schemas/events/a.yaml", b"$ref: https://shop.example/p.json#/a")
    schemas = {document.file: document.value, path: {"$id": "https://shop.example/p.json"}}

    (finding,) = check_schema(document, schemas)

    assert finding.hint == "write ../common/product.yaml"
