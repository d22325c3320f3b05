"""GET /analytics: who may ask, what is answered, and how callers get the next page."""

import json
import re
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from starlette.applications import Starlette

from engine.api.listener import AtListener
from engine.api.problems import handlers
from engine.api.questions import QuestionApi
from engine.model.clock import from_iso
from engine.model.errors import StorageError
from engine.project.listeners import ListenerSpec
from engine.sqlite.database import Databases
from engine.store.ids import document_id
from engine.store.interface import Document, Model
from engine.store.open import open_store
from engine.store.questions import QUESTIONS
from tests.support.controls import HandClock, a_control
from tests.support.processes import ROOT

pytestmark = pytest.mark.trio

DATA = ROOT / "tests/data/analytics"
SETTINGS = """
    version: 1
    sources:
      shop: { kind: server, write_key: shop-key }
    server: { read_token: read-token, admin_token: admin-token }
    log: sqlite:encamina.db
    state: sqlite:encamina.db
    """
READ = {"Authorization": "Bearer read-token"}
RECORDED = json.loads((DATA / "answers.json").read_text())


def documents():
    for one in json.loads((DATA / "documents.json").read_text()):
        at = from_iso(one["timestamp"])
        name = document_id(one["name"], "x", 0)
        yield Document(name, Model(one["model"]), one["document"], at, one.get("about", {}))


@asynccontextmanager
async def a_face(folder, settings=SETTINGS, store=None, listener=None):
    async with (
        a_control(folder, HandClock(), {"encamina.yaml": settings}) as control,
        Databases(folder) as files,
    ):
        kept = store or await open_store("sqlite:analytics.db", files)
        if store is None:
            await kept.write([*documents()])
        api = QuestionApi(kept, lambda: control.keys, control.ingest.notices)
        app = Starlette(routes=api.routes(), exception_handlers=handlers(control.ingest.notices))
        app.router.redirect_slashes = False
        transport = httpx.ASGITransport(app=AtListener(app, listener) if listener else app)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://api.example", headers=READ
        ) as http:
            yield http


@pytest.fixture
async def http(tmp_path):
    async with a_face(tmp_path) as client:
        yield client


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["get"])
async def test_every_route_keeps_the_shape_that_was_recorded(http, recorded):
    answer = await http.get(recorded["get"])
    assert (answer.status_code, answer.json()) == (200, recorded["answer"])


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["get"])
async def test_every_answer_is_what_its_declaration_says(http, recorded):
    path = recorded["get"].partition("?")[0]
    declared = QuestionApi(None, None, None).question_at(path)[0]
    Draft202012Validator.check_schema(declared.answer)
    judge = Draft202012Validator(declared.answer, format_checker=FormatChecker())
    assert [*judge.iter_errors((await http.get(recorded["get"])).json())] == []


async def test_every_route_is_recorded():
    paths = {one["get"].partition("?")[0] for one in RECORDED}
    asked = {QuestionApi(None, None, None).question_at(path)[0].name for path in paths}
    assert asked == {one.name for one in QUESTIONS}


async def test_the_header_link_leads_through_all_pages(http):
    url, found = "/analytics/events/session/ses-7f3a?limit=1&from=2026-11-01", []
    while url:
        answer = await http.get(url)
        found += [one["eventName"] for one in answer.json()]
        link = re.fullmatch('<(.+)>; rel="next"', answer.headers.get("link", ""))
        url = urljoin(str(answer.url), link[1]) if link else None
    assert found == ["purchase", "add_to_cart"]


async def test_case_and_a_slash_at_the_end_make_no_difference_and_escaped_slashes_stay(http):
    plain = (await http.get("/analytics/page-views/popular")).json()
    assert (await http.get("/Analytics/Page-Views/Popular/")).json() == plain
    answer = await http.get("/analytics/page-views/session/a%2Fb%20c/duration")
    assert answer.json() == {"sessionId": "a/b c", "durationSeconds": 0}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer shop-key"}, 401),
        ({"Authorization": "Basic cmVhZC10b2tlbjo="}, 401),
        (READ, 200),
        ({"Authorization": "bearer admin-token"}, 200),
    ],
)
async def test_who_may_read_has_the_read_token_or_an_admin_token(http, headers, status):
    answer = await http.get("/analytics/page-views/popular", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "invalid_token"


async def test_without_a_token_it_is_told_what_to_set(tmp_path):
    settings = SETTINGS.replace("read_token: read-token, admin_token: admin-token", "")
    async with a_face(tmp_path, settings) as http:
        answer = await http.get("/analytics/page-views/popular")
    assert answer.status_code == 401
    assert "server.read_token" in answer.json()["message"]


async def test_a_listener_without_keys_answers_anybody(tmp_path):
    listener = ListenerSpec("127.0.0.1:8081", "shop", needs_key=False)
    async with a_face(tmp_path, listener=listener) as http:
        answer = await http.get("/analytics/page-views/popular", headers={"Authorization": ""})
    assert answer.status_code == 200


async def test_what_is_wrong_with_a_question_is_a_400_in_the_form_that_nest_callers_know(http):
    answer = await http.get("/analytics/interactions/heatmap")
    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "statusCode": 400,
        "code": "invalid_argument",
        "message": "pageUrl is missing: the page's address, as it is stored",
    }


async def test_another_method_is_a_405_that_says_which_are_taken(http):
    answer = await http.delete("/analytics/page-views/popular")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_store_that_is_down_is_a_503_that_tells_nothing_of_the_inside(tmp_path):
    class Down:
        async def ask(self, asked):
            raise StorageError("postgresql://user:secret@db is down")

    async with a_face(tmp_path, store=Down()) as http:
        answer = await http.get("/analytics/page-views/popular")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "secret" not in answer.text


async def test_answers_are_kept_by_no_cache(http):
    answer = await http.get("/analytics/events/user/cli-10023")
    assert answer.headers["cache-control"] == "no-store"
