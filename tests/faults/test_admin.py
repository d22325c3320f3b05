"""/admin and the keys, attacked: nothing opens without the right token, and no key is in a log."""

import base64
import json

import httpx
import pytest

from tests.support.chaos import an_order, plain_project
from tests.support.processes import sandbox_running, server_running

pytestmark = pytest.mark.slow

TOKEN = "admin-token-of-the-tests-0123456789"
VERBS = ("dead/retry", "quarantine/drop", "keys/create", "destinations/pause", "replays/start")
SECRET_KEY = "never-in-a-log-5f2c9"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def closed(tmp_path_factory, sandbox):
    """A server without any admin token."""
    folder = tmp_path_factory.mktemp("closed")
    with server_running(folder, sandbox, plain_project(folder, "alpha")) as shop:
        yield shop


@pytest.fixture(scope="module")
def opened(tmp_path_factory, sandbox):
    """A server with one."""
    folder = tmp_path_factory.mktemp("opened")
    project = plain_project(folder, "alpha")
    file = project / "encamina.yaml"
    token = 'shutdown: 3s, admin_token: "{{ env.ENCAMINA_ADMIN_TOKEN }}"'
    file.write_text(file.read_text().replace("shutdown: 3s", token))
    with server_running(folder, sandbox, project, ENCAMINA_ADMIN_TOKEN=TOKEN) as shop:
        yield shop


def ask(shop, name, headers=None, body=b"{}", method="POST"):
    url = f"{shop.server.url}/admin/{name}"
    return httpx.request(method, url, headers=headers, content=body, timeout=10)


@pytest.mark.parametrize("name", [*VERBS, "", "none", "keys/create/"])
def test_without_any_token_there_is_no_admin(closed, name):
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {TOKEN}"}):
        assert ask(closed, name, headers).status_code in (404, 405)


WRONG = (
    *(
        "",
        "Bearer",
        "bearer null",
        "Bearer None",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
    ),
    *(
        f"Basic {TOKEN}",
        f"Token {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN.upper()}",
        "Bearer demo-write-key",
    ),
    *(
        f"Bearer {TOKEN},{TOKEN}",
        f"Bearer Bearer {TOKEN}",
        "Bearer " + "a" * 5_000,
        "Bearer \xff\xfe",
    ),
    f"Basic {base64.b64encode(f'{TOKEN}:'.encode()).decode()}",
)


@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_token_opens_nothing_and_tells_nothing(opened, value):
    answer = ask(opened, "keys/create", {"Authorization": value.encode("latin-1")})

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_token"
    assert TOKEN not in answer.text


def test_a_token_is_taken_from_its_header_alone(opened):
    for url in (f"keys/create?token={TOKEN}", f"keys/create?access_token={TOKEN}"):
        assert ask(opened, url).status_code == 401
    body = json.dumps({"token": TOKEN, "kind": "admin"}).encode()
    assert ask(opened, "keys/create", body=body).status_code == 401
    assert ask(opened, "keys/create", {"Cookie": f"token={TOKEN}"}).status_code == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_nothing_changes_by_another_method(opened, method):
    answer = ask(opened, "keys/create", {"Authorization": f"Bearer {TOKEN}"}, method=method)

    assert answer.status_code in (404, 405)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"null", b"{", b'"x"', b"[" * 10_000, b'{"kind": "admin", "x": 1}'),
        *(b'{"kind": ["admin"]}', b'{"kind": "root"}', b'{"kind": "write", "source": "../x"}'),
        b'{"kind": "write", "source": "shop", "name": "' + b"a" * 2_000_000 + b'"}',
    ],
)
def test_what_is_asked_for_badly_is_refused_in_words(opened, body):
    answer = ask(opened, "keys/create", {"Authorization": f"Bearer {TOKEN}"}, body)

    assert answer.status_code in (400, 413)
    assert answer.json()["success"] is False
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "name", ["__class__", "keys", "keys/__init__", "keys/create/../create", "%2e%2e/x", "keys%00"]
)
def test_only_known_verbs_are_done(opened, name):
    answer = ask(opened, name, {"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code in (400, 404)


def test_a_key_made_works_at_once_and_not_after_it_is_revoked(opened):
    admin = {"Authorization": f"Bearer {TOKEN}"}
    asked = json.dumps({"kind": "write", "source": "shop", "name": "till"}).encode()
    made = ask(opened, "keys/create", admin, asked).json()

    before = opened.post([an_order("by-new-key")], key=made["key"])
    for_admin = ask(opened, "keys/create", {"Authorization": f"Bearer {made['key']}"}, asked)
    ask(opened, "keys/revoke", admin, json.dumps({"id": made["id"]}).encode())
    after = opened.post([an_order("by-old-key")], key=made["key"])

    assert before.json()["accepted"] == 1
    assert for_admin.status_code == 401
    assert after.status_code == 401
    assert made["key"] not in opened.server.said()
    files = b"".join(one.read_bytes() for one in opened.data.iterdir() if one.is_file())
    assert made["key"].encode() not in files


def test_no_key_and_no_token_is_ever_in_the_log(opened):
    for key in (SECRET_KEY, "demo-write-key"):
        body = {"writeKey": key, "batch": [an_order("x"), 7, {"type": key}]}
        httpx.post(f"{opened.server.url}/v1/batch?writeKey={key}", json=body)
        httpx.get(f"{opened.server.url}/v1/track?writeKey={key}")
        httpx.get(f"{opened.server.url}/nowhere/{key}?token={TOKEN}")
        opened.post([an_order("y")], key=key)
    ask(opened, f"keys/create?token={TOKEN}", {"Authorization": f"Bearer {TOKEN}x"})

    said = opened.server.said()
    assert SECRET_KEY not in said
    assert TOKEN not in said
    assert "demo-write-key" not in said
