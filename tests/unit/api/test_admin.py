"""``/admin``: who may ask, and what is answered."""

import httpx
import pytest
from starlette.applications import Starlette

from engine.api.admin import METHODS, MOST_BYTES, Admin
from engine.api.problems import handlers
from engine.api.tries import AT_ONCE
from engine.control.verbs import VERBS, perform
from engine.ingest.stored_keys import stored_keys
from tests.support.controls import HandClock, a_control

pytestmark = pytest.mark.trio


@pytest.fixture
async def control(tmp_path):
    async with a_control(tmp_path, HandClock()) as control:
        yield control


@pytest.fixture
async def http(control):
    app = Starlette(
        routes=Admin(control, lambda: control.keys).routes(),
        exception_handlers=handlers(control.ingest.notices),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin.example") as client:
        yield client


@pytest.fixture
async def token(control):
    return (await perform(control, "keys/create", {"kind": "admin"}))["key"]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("name", [*VERBS, "anything", ""])
async def test_without_any_token_there_is_no_admin(http, name):
    answer = await http.post(f"/admin/{name}", json={}, headers=bearer("guessed"))

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("guessed"),
        bearer(""),
        {"Authorization": "Basic c2hvcC1rZXk6"},
        bearer("shop-key"),
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ñ".encode()},
    ],
)
async def test_whoever_has_no_token_is_told_nothing_and_changes_nothing(
    http, control, token, headers
):
    asked = {"kind": "admin", "name": "mine"}

    answer = await http.post("/admin/keys/create", json=asked, headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_token"
    assert [one.name for one in await stored_keys(control.state)] == [""]


async def test_a_change_is_made_and_told(http, control, token):
    asked = {"kind": "write", "source": "shop"}

    answer = await http.post("/admin/keys/create/", json=asked, headers=bearer(token))

    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert control.keys.source_of(answer.json()["key"]).name == "shop"


async def test_a_revoked_token_is_of_no_use_any_more(http, control, token):
    other = (await perform(control, "keys/create", {"kind": "admin"}))["id"]
    first = next(one for one in await stored_keys(control.state) if one.digest[:8] != other)

    revoked = await http.post(
        "/admin/keys/revoke", json={"id": first.digest}, headers=bearer(token)
    )
    answer = await http.post("/admin/dead/retry", json={"all": True}, headers=bearer(token))

    assert revoked.status_code == 200
    assert answer.status_code == 401


async def test_a_change_that_is_refused_says_why(http, token):
    answer = await http.post("/admin/dead/retry", json={}, headers=bearer(token))

    assert answer.status_code == 400
    assert answer.json()["code"] == "refused"
    assert "nothing says which" in answer.json()["message"]


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"all"', b"{", b"", b"\xff"])
async def test_a_body_that_is_no_object_is_refused(http, token, body):
    answer = await http.post("/admin/dead/drop", content=body, headers=bearer(token))

    assert answer.status_code == 400
    assert answer.json()["success"] is False


async def test_a_body_of_more_than_a_mebibyte_is_refused(http, token):
    body = b'{"reason": "' + b"x" * MOST_BYTES + b'"}'

    answer = await http.post("/admin/dead/drop", content=body, headers=bearer(token))

    assert (answer.status_code, answer.json()["code"]) == (400, "too_large")


@pytest.mark.parametrize("method", METHODS)
async def test_without_any_token_no_method_shows_that_there_is_something(http, method):
    answer = await http.request(method, "/admin/dead/retry")

    assert answer.status_code == 404
    assert "allow" not in answer.headers


async def test_only_post_changes_anything(http, token):
    answer = await http.get("/admin/dead/retry", headers=bearer(token))

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def wrongly(http, times, **headers):
    """The answers to so many wrong tokens."""
    asked = {**bearer("guessed"), **headers}
    return [await http.post("/admin/dead/retry", json={}, headers=asked) for _ in range(times)]


async def test_who_guesses_is_slowed_down_and_not_even_heard_with_the_right_token(http, token):
    answers = await wrongly(http, AT_ONCE + 1)
    right = await http.post("/admin/keys/create", json={}, headers=bearer(token))

    assert {one.status_code for one in answers[:-1]} == {401}
    for one in (answers[-1], right):
        assert (one.status_code, one.json()["code"]) == (429, "too_many_tries")
        assert 1 <= int(one.headers["retry-after"]) <= 300


async def test_who_guesses_locks_nobody_else_out(http, control, token):
    await wrongly(http, AT_ONCE + 1)

    others = httpx.ASGITransport(app=http._transport.app, client=("190.24.112.37", 1))
    async with httpx.AsyncClient(transport=others, base_url="http://admin.example") as other:
        answer = await other.post("/admin/dead/retry", json={}, headers=bearer(token))

    assert (answer.status_code, answer.json()["code"]) == (400, "refused")


async def test_guesses_through_a_proxy_that_is_not_named_do_not_lock_out_the_commands(http, token):
    await wrongly(http, AT_ONCE + 1, **{"X-Forwarded-For": "6.6.6.6"})

    answer = await http.post("/admin/dead/retry", json={}, headers=bearer(token))

    assert (answer.status_code, answer.json()["code"]) == (400, "refused")


async def test_who_sends_no_token_guesses_nothing(http, token):
    for _ in range(AT_ONCE + 1):
        assert (await http.post("/admin/dead/retry", json={})).status_code == 401


async def test_every_try_that_is_turned_away_is_counted_also_those_not_listened_to(
    http, control, token
):
    await wrongly(http, AT_ONCE + 5)

    counted = control.ingest.notices.metrics().decode()

    assert f'encamina_turned_away_total{{why="admin token"}} {AT_ONCE + 5}.0' in counted
