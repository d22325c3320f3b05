import ast
import gzip
import sys
from pathlib import Path

import pytest

import engine.sandbox

ROOM = Path(engine.sandbox.__file__).parent
ALLOWED = {"starlette", "trio", "orjson"}


def imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", sorted(ROOM.glob("*.py")), ids=lambda file: file.name)
def test_the_room_knows_nothing_of_the_rest_of_the_engine(file):
    for name in imports(file):
        top = name.partition(".")[0]
        if top == "engine":
            assert name.startswith("engine.sandbox"), name
        else:
            assert top in ALLOWED or top in sys.stdlib_module_names, name


def test_the_room_reads_no_file():
    for file in ROOM.glob("*.py"):
        names = {
            node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)
        }
        assert not names & {"open", "Path"}, file.name


def test_health_is_told(sandbox):
    answer = sandbox.ask("GET", "/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert sandbox.received() == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_an_unknown_vendor_is_a_plain_stand_in_for_any_method(sandbox, method):
    answer = sandbox.ask(method, "/warehouse/v1/things", json={"a": 1})

    assert (answer.status_code, answer.json()) == (200, {})
    assert sandbox.last()["vendor"] == "warehouse"


def test_a_plain_stand_in_takes_no_body_and_a_list(sandbox):
    assert sandbox.ask("GET", "/warehouse").status_code == 200
    assert sandbox.last()["accepted"] == []
    assert sandbox.post("/warehouse/", [{"id": "1"}, {"messageId": "2"}, 3]).status_code == 200
    assert sandbox.last()["accepted"] == ["1", "2", None]


def test_a_plain_stand_in_reads_gzip(sandbox):
    body = gzip.compress(b'{"id": "1"}')

    answer = sandbox.ask("POST", "/warehouse", content=body, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 200
    assert sandbox.last()["body"] == {"id": "1"}


@pytest.mark.parametrize("body", [b"a=1", b"{", b'{"a": NaN}', b"\xff"])
def test_a_plain_stand_in_refuses_what_is_not_json(sandbox, body):
    answer = sandbox.ask("POST", "/warehouse/x", content=body)

    assert answer.status_code == 400
    assert "not JSON" in answer.json()["error"]
    assert sandbox.last()["accepted"] == []


def test_a_body_over_every_limit_is_refused_and_recorded(sandbox):
    answer = sandbox.ask("POST", "/warehouse/x", content=b"1" * (32 * 1024 * 1024 + 1))

    assert answer.status_code == 413
    assert sandbox.last()["status"] == 413
