"""The OpenAPI document: whole, of this release, and with references that lead somewhere."""

import json

import httpx
import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette

from engine.api.openapi.document import openapi
from engine.api.openapi.page import http_page
from engine.api.openapi.route import OpenApi
from engine.api.openapi.schemas import components_of
from engine.codec.body import dumps
from engine.control.verbs import VERBS
from engine.store.questions import QUESTIONS
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

pytestmark = pytest.mark.slow  # two whole releases are made

SECRET = {"STRIPE_WEBHOOK_SECRET": "hush-hush"}


@pytest.fixture(scope="module")
def release():
    return the_reference_release(DEMO_ENV)


@pytest.fixture(scope="module")
def with_secret():
    return the_reference_release({**DEMO_ENV, **SECRET})


@pytest.fixture(scope="module")
def document(release):
    return json.loads(dumps(openapi(release)))


def references(value):
    if isinstance(value, dict):
        found = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return found + [one for part in value.values() for one in references(part)]
    return [one for part in value for one in references(part)] if isinstance(value, list) else []


def at(document, reference):
    assert reference.startswith("#/"), reference
    for step in reference[2:].split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def test_every_reference_leads_to_a_schema(document):
    for reference in set(references(document)):
        assert isinstance(at(document, reference), dict | bool), reference


def test_every_component_is_a_schema(document):
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_question_and_every_change_is_there(document):
    for question in QUESTIONS:
        assert document["paths"][question.path]["get"]["operationId"] == question.name
    for name in VERBS:
        assert "post" in document["paths"][f"/admin/{name}"]


def test_every_path_that_a_mapping_takes_posts_at_is_there(document, release):
    for mapping in release.inbounds:
        if mapping.post is not None and mapping.post.is_open:
            for path in (*mapping.post.paths, f"/ingest/{mapping.name}"):
                assert str(mapping.post.status) in document["paths"][path]["post"]["responses"]


MODEL = {
    "event": "AnalyticsEvent",
    "page-view": "PageViewEvent",
    "conversion": "ConversionEvent",
    "interaction": "UserInteractionEvent",
}


@pytest.mark.parametrize("route", MODEL)
def test_a_route_of_the_shop_answers_the_one_model_that_it_is_of(document, route):
    answers = document["paths"][f"/analytics/track/{route}"]["post"]["responses"]

    def schema(status):
        return answers[status]["content"]["application/json"]["schema"]

    assert schema("201") == {"$ref": f"#/components/schemas/{MODEL[route]}"}
    assert schema("202") == {"$ref": "#/components/schemas/Verdicts"}


def test_a_question_that_finds_no_store_is_not_told_that_nothing_was_kept(document):
    for question in QUESTIONS:
        answers = document["paths"][question.path]["get"]["responses"]
        assert answers["503"]["description"] == "It can't be read at the moment; ask again."


def test_a_parameter_of_the_query_tells_its_other_names(document):
    found = document["paths"]["/analytics/interactions/heatmap"]["get"]["parameters"]
    told = {one["name"]: one["description"] for one in found}

    assert told["pageUrl"].endswith("; also taken as url, page_url")
    assert told["from"].endswith("; also taken as startDate, start_date")
    assert told["to"].endswith("; also taken as endDate, end_date")


def test_operations_have_ids_of_their_own(document):
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]

    assert len(ids) == len(set(ids))


def test_parameters_of_a_path_are_those_in_its_text(document):
    for path, operations in document["paths"].items():
        for one in operations.values():
            named = {p["name"] for p in one.get("parameters", []) if p["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path


def test_a_post_whose_secret_is_not_set_is_told_of_on_the_page_alone(
    document, release, with_secret
):
    assert "/ingest/stripe-payment" not in document["paths"]
    assert "`POST /ingest/stripe-payment`" in http_page(release)
    assert "/ingest/stripe-payment" in openapi(with_secret)["paths"]


def test_nothing_of_the_environment_is_in_it(document):
    text = json.dumps(openapi(the_reference_release({**DEMO_ENV, **SECRET})), default=dict)

    for name, value in {**DEMO_ENV, **SECRET}.items():
        if name.endswith(("KEY", "TOKEN", "SECRET")):
            assert value not in text, name


def test_a_file_s_references_lead_from_component_to_component():
    files = {
        "schemas/inbound/a.yaml": {
            "$schema": "x",
            "$ref": "../common/b.yaml",
            "properties": {
                "own": {"$ref": "#/$defs/c"},
                "part": {"$ref": "../common/b.yaml#/properties/p"},
                "named": {"$ref": "#there"},
                "$ref": {"type": "string"},
            },
            "$defs": {"c": {"$anchor": "there"}},
        },
        "schemas/common/b.yaml": {"properties": {"p": {}}},
    }

    made = components_of(files)["inbound.a"]

    assert made["$ref"] == "#/components/schemas/common.b"
    assert "$schema" not in made
    assert made["properties"] == {
        "own": {"$ref": "#/components/schemas/inbound.a/$defs/c"},
        "part": {"$ref": "#/components/schemas/common.b/properties/p"},
        "named": {"$ref": "#/components/schemas/inbound.a/$defs/c"},
        "$ref": {"type": "string"},
    }


@pytest.mark.trio
async def test_it_is_served_to_anybody_and_made_once_a_release(release, document):
    face = OpenApi(lambda: release)
    transport = httpx.ASGITransport(Starlette(routes=face.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answers = [await http.get(path) for path in ("/openapi.json", "/openapi.json/")]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].headers["content-type"] == "application/json"
    assert answers[0].json() == answers[1].json() == document
