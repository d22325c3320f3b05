"""GET /analytics: who may ask, what is answered, and how callers get the next page."""

import json
import re
from contextlib import asynccontextmanager
from urllib.parse import quote, urljoin

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from starlette.applications import Starlette

from engine.api.listener import AtListener
from engine.api.problems import handlers
from engine.api.questions import QuestionApi
from engine.api.tries import AT_ONCE
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
async def a_face(
    folder, settings=SETTINGS, store=None, listener=None, base="https://api.example", more=()
):
    async with (
        a_control(folder, HandClock(), {"encamina.yaml": settings}) as control,
        Databases(folder) as files,
    ):
        kept = store or await open_store("sqlite:analytics.db", files)
        if store is None:
            await kept.write([*documents(), *more])
        notices, release = control.ingest.notices, control.ingest.release
        api = QuestionApi(kept, lambda: control.keys, notices, release)
        app = Starlette(routes=api.routes(), exception_handlers=handlers(notices))
        app.router.redirect_slashes = False
        transport = httpx.ASGITransport(app=AtListener(app, listener) if listener else app)
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=READ) as http:
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
    declared = QuestionApi(None, None, None, None).question_at(path)[0]
    Draft202012Validator.check_schema(declared.answer)
    judge = Draft202012Validator(declared.answer, format_checker=FormatChecker())
    assert [*judge.iter_errors((await http.get(recorded["get"])).json())] == []


async def test_every_route_is_recorded():
    paths = {one["get"].partition("?")[0] for one in RECORDED}
    asked = {QuestionApi(None, None, None, None).question_at(path)[0].name for path in paths}
    assert asked == {one.name for one in QUESTIONS}


async def test_the_header_link_leads_through_all_pages(http):
    url, found = "/analytics/events/session/ses-7f3a?limit=1&from=2026-11-01", []
    while url:
        answer = await http.get(url)
        found += [one["eventName"] for one in answer.json()]
        link = re.fullmatch('<(.+)>; rel="next"', answer.headers.get("link", ""))
        url = urljoin(str(answer.url), link[1]) if link else None
    assert found == ["purchase", "add_to_cart"]


def of_users(*users):
    """Two events of each of these users."""
    for user in users:
        for number in range(2):
            name = document_id(f"{user}-{number}", "x", 0)
            body = {"eventName": f"{user} {number}", "userId": user}
            at = from_iso(f"2026-11-2{number}T10:00:00Z")
            yield Document(name, Model.EVENT, body, at)


@pytest.mark.parametrize(
    "user", ["a?b", "a#b", "a\\b", "a\tb", "a\nb", "a/b", "a/", "a%2Fb", "é", "a b"]
)
async def test_the_header_link_leads_on_whatever_an_id_holds(tmp_path, user):
    async with a_face(tmp_path, more=of_users(user)) as http:
        url = f"/analytics/events/user/{quote(user, safe='')}?limit=1&to=2026-12-01"
        answer = await http.get(url)
        link = re.fullmatch('<(.+)>; rel="next"', answer.headers["link"])
        following = await http.get(urljoin(str(answer.url), link[1]))

    assert [one["eventName"] for one in (answer.json() + following.json())] == [
        f"{user} 1",
        f"{user} 0",
    ]


async def test_the_header_link_holds_behind_a_gateway_with_a_prefix_of_its_own(http):
    answer = await http.get("/analytics/events/session/ses-7f3a?limit=1")
    link = re.fullmatch('<(.+)>; rel="next"', answer.headers["link"])
    outside = "https://shop.example/api/v2/analytics/events/session/ses-7f3a?limit=1"

    assert urljoin(outside, link[1]).startswith(
        "https://shop.example/api/v2/analytics/events/session/ses-7f3a?limit=1&cursor="
    )


@pytest.mark.parametrize(
    ("path", "user"), [("a", "a"), ("a/", "a"), ("a%2F", "a/"), ("a%2f/", "a/"), ("a/b/", "a/b")]
)
async def test_a_slash_that_ends_an_id_is_told_from_one_that_ends_the_path(tmp_path, path, user):
    async with a_face(tmp_path, more=of_users("a", "a/", "a/b")) as http:
        answer = await http.get(f"/analytics/events/user/{path}")

    assert [one["userId"] for one in answer.json()] == [user, user]


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


BROWSER = {"User-Agent": "Mozilla/5.0", "Accept-Language": "es-CO,es;q=0.9"}
OPEN = ListenerSpec("127.0.0.1:8081", "shop", needs_key=False)


@pytest.mark.parametrize(
    ("base", "headers"),
    [
        ("http://127.0.0.1:8081", {**BROWSER, "Origin": "https://evil.example"}),
        ("http://127.0.0.1:8081", {**BROWSER, "Origin": "null"}),
        ("http://127.0.0.1:8081", {**BROWSER, "Sec-Fetch-Site": "cross-site"}),
        ("http://evil.example:8081", {**BROWSER, "Origin": "http://evil.example:8081"}),
        # The page's own name points here: such a GET tells neither its origin nor its site.
        ("http://evil.example:8081", BROWSER),
        ("http://evil_.example.:8081", BROWSER),
    ],
)
async def test_a_listener_without_keys_answers_no_web_page(tmp_path, base, headers):
    async with a_face(tmp_path, listener=OPEN, base=base) as http:
        answer = await http.get("/analytics/page-views/popular", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert answer.json()["statusCode"] == 403
    assert "auth: none" in answer.json()["message"]


@pytest.mark.parametrize(
    ("base", "headers"),
    [
        ("http://encamina.shop.example:8081", {"User-Agent": "axios/1.7.9"}),
        # What Node's own fetch sends.
        (
            "http://encamina.shop.example:8081",
            {"User-Agent": "node", "Accept-Language": "*", "Sec-Fetch-Mode": "cors"},
        ),
        # A service that hands on its visitor's language.
        ("http://encamina:8081", {"Accept-Language": "es-CO"}),
        ("http://encamina.shop.svc.cluster.local:8081", {"Accept-Language": "es-CO"}),
        ("http://10.1.2.3:8081", {"Accept-Language": "es-CO"}),
        ("http://[fd00::1]:8081", {"Accept-Language": "es-CO"}),
    ],
)
async def test_a_listener_without_keys_answers_services(tmp_path, base, headers):
    async with a_face(tmp_path, listener=OPEN, base=base) as http:
        answer = await http.get("/analytics/page-views/popular", headers=headers)
    assert answer.status_code == 200


async def test_a_trusted_proxy_answers_for_the_browsers_that_it_speaks_for(tmp_path):
    settings = SETTINGS.replace("server: {", "server: { trusted_proxies: [127.0.0.1],")
    headers = {**BROWSER, "Origin": "https://tienda.example", "Sec-Fetch-Site": "cross-site"}
    async with a_face(tmp_path, settings, listener=OPEN) as http:
        answer = await http.get("/analytics/page-views/popular", headers=headers)
    assert answer.status_code == 200


async def test_a_wrong_token_is_not_called_a_missing_one(http):
    path = "/analytics/page-views/popular"
    wrong = await http.get(path, headers={"Authorization": "Bearer wrong"})
    missing = await http.get(path, headers={"Authorization": ""})
    assert "this token may not read" in wrong.json()["message"]
    assert "no read token" in missing.json()["message"]


async def test_who_guesses_a_read_token_is_slowed_down_and_nobody_else(tmp_path):
    settings = SETTINGS.replace("server: {", "server: { trusted_proxies: [127.0.0.1],")
    path, wrong = "/analytics/page-views/popular", {"Authorization": "Bearer wrong"}
    async with a_face(tmp_path, settings) as http:
        for _ in range(AT_ONCE):
            assert (await http.get(path, headers=wrong)).status_code == 401
        late = await http.get(path, headers=wrong)
        right = await http.get(path)
        other = await http.get(path, headers={"X-Forwarded-For": "203.0.113.24"})

    assert (late.status_code, late.json()["code"]) == (429, "too_many_tries")
    assert int(late.headers["retry-after"]) >= 1
    assert (right.status_code, other.status_code) == (429, 200)


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
    answer = await http.post("/analytics/page-views/popular")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json() == {
        "success": False,
        "statusCode": 405,
        "code": "method_not_allowed",
        "message": "this path takes GET and HEAD alone",
    }


@pytest.mark.parametrize("path", ["/analytics/events/user/", "/Analytics/nothing"])
async def test_what_is_not_there_is_a_404_in_the_form_that_nest_callers_know(http, path):
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)
    assert "/openapi.json" in answer.json()["message"]
    assert "/v1/batch" not in answer.text


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
