"""``encamina store``: questions asked of a folder that a server may hold."""

import json

import pytest
import trio
from typer.testing import CliRunner

from cli.commands.store import app
from engine.model.errors import DataFolderError, EncaminaError, ProjectError
from engine.sqlite.database import Databases
from engine.store.open import open_store
from tests.conformance.store_documents import NOON, a_conversion, a_view, an_event
from tests.support.releases import write_project


@pytest.fixture
def folder(tmp_path):
    write_project(tmp_path)
    (tmp_path / "data").mkdir()

    async def fill():
        async with Databases(tmp_path / "data") as files:
            store = await open_store("sqlite:analytics.db", files)
            await store.write([a_view("1"), a_view("2"), an_event("e", userId="u-1")])
            await store.write([a_conversion("c", conversionValue=1000, currency="COP")])
            await store.write([an_event("f", NOON + 1, userId="u-1", metadata={"a": 1})])
            lead = {"conversionType": "lead", "conversionValue": 5, "currency": "COP"}
            more = {"productIds": ["A", 7], "more": 1.0}
            await store.write([a_conversion("d", userId="u-1", **lead, **more)])
            lines = [{"productId": "TV", "price": 100, "currency": "COP"}]
            about = {"step": "purchase", "products": lines}
            await store.write([an_event("o", sessionId="s-9", about=about)])

    trio.run(fill)
    return tmp_path


def encamina_store(folder, *words):
    done = CliRunner().invoke(app, [words[0], *words[1:], "--project", str(folder)])
    if isinstance(done.exception, EncaminaError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_an_answer_is_a_table_or_json_one_row_a_line(folder):
    assert "/a       2" in encamina_store(folder, "ask", "popular-pages").stdout
    done = encamina_store(folder, "ask", "popular-pages", "--json")
    assert json.loads(done.stdout) == {"pageUrl": "/a", "views": 2}


@pytest.mark.parametrize("given", ["u-1", "userId=u-1", "user_id=u-1"])
def test_an_argument_comes_by_name_or_alone(folder, given):
    done = encamina_store(folder, "ask", "events-by-user", given, "--json")
    assert len(done.stdout.splitlines()) == 2


def test_a_value_may_hold_an_equals_sign(folder):
    done = encamina_store(folder, "ask", "heatmap", "/a?b=c", "--json")
    assert done.stdout == ""


def test_the_next_page_is_told_of(folder):
    done = encamina_store(folder, "ask", "events-by-user", "u-1", "--limit", "1", "--json")
    cursor = done.stderr.rpartition("--cursor ")[2].split()[0]
    more = encamina_store(folder, "ask", "events-by-user", "u-1", "--cursor", cursor, "--json")
    assert json.loads(more.stdout)["_id"] != json.loads(done.stdout)["_id"]


def test_a_time_is_a_moment_or_how_long_ago(folder):
    since = encamina_store(folder, "ask", "popular-pages", "--since", "2026-11-25", "--json")
    assert since.stdout == ""
    until = encamina_store(folder, "ask", "popular-pages", "--until", "2026-11-25", "--json")
    assert json.loads(until.stdout)["views"] == 2


def test_an_object_of_lists_is_shown_list_by_list(folder):
    shown = encamina_store(folder, "ask", "conversions-summary").stdout
    assert "total" in shown
    assert "purchase        COP       1      1000" in shown


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (("events-by-user", "u-1"), '{"a":1}'),
        (("conversions-by-user", "u-1"), "A, 7"),
        (("conversions-by-user", "u-1"), "  1 "),
        (("top-products",), " 100 COP"),
    ],
)
def test_what_is_within_a_value_is_shown(folder, asked, shown):
    text = encamina_store(folder, "ask", *asked).stdout
    assert shown in text
    assert "…" not in text


def test_the_list_says_what_can_be_asked_and_what_is_kept(folder):
    done = encamina_store(folder, "list")
    assert "events-by-user" in done.stdout
    assert "3 event, 2 page_view, 2 conversion, 0 interaction" in done.stdout
    lines = [
        json.loads(one) for one in encamina_store(folder, "list", "--json").stdout.splitlines()
    ]
    assert lines[0]["documents"]["page_view"] == 2
    assert {"events-by-user", "funnel"} <= {one["question"] for one in lines[1:]}


def test_a_name_that_is_nearly_right_is_told(folder):
    with pytest.raises(ProjectError, match='did you mean "popular-pages"'):
        encamina_store(folder, "ask", "popular-page")


def test_what_an_argument_lacks_is_told(folder):
    with pytest.raises(EncaminaError, match="pageUrl is missing"):
        encamina_store(folder, "ask", "heatmap")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("popular-pages", "x"), "takes no argument, found 'x'"),
        (("popular-pages", "x=y"), 'takes no "x"; it takes no argument'),
        (("events-by-user", "u-1", "extra"), "takes userId, found 'extra' too"),
        (("events-by-user", "u-1", "user_id=u-2"), "takes userId, found 'user_id=u-2' too"),
        (("events-by-user", "userid=u-1"), 'no "userid"; did you mean "userId".*userId=userid=u-1'),
        (("web-vitals", "x=1"), 'takes no "x"; it takes page and metric'),
        (("events-by-user", "u-1", "limit=3"), 'takes no "limit"; use --limit'),
        (("popular-pages", "from=2026-11-24"), 'takes no "from"; use --since'),
        (("session-duration", "s-1", "--since", "7d"), "session-duration takes no --since"),
        (("funnel", "--limit", "3"), "funnel takes no --limit"),
        (("popular-pages", "--cursor", "x"), "popular-pages takes no --cursor"),
        (
            ("popular-pages", "--since", "2026-11-25", "--until", "2026-11-24"),
            "--since is not before --until",
        ),
    ],
)
def test_what_a_question_does_not_take_is_told_and_not_left_out(folder, asked, words):
    with pytest.raises(ProjectError, match=words):
        encamina_store(folder, "ask", *asked)


def test_without_a_data_folder_it_says_what_to_do(tmp_path):
    write_project(tmp_path)
    with pytest.raises(DataFolderError, match="start `encamina serve`"):
        encamina_store(tmp_path, "list")


def test_what_is_too_wide_for_a_table_is_told_line_by_line(folder, monkeypatch):
    assert len(encamina_store(folder, "ask", "events-by-user", "u-1").stdout.splitlines()) == 3
    monkeypatch.setattr("cli.output.WIDE", 60)
    told = encamina_store(folder, "ask", "events-by-user", "u-1").stdout
    first, second = (
        dict(line.split(None, 1) for line in one.splitlines()) for one in told.split("\n\n")
    )
    assert (first["metadata"], "metadata" in second) == ('{"a":1}', False)
    assert {first["userId"], second["userId"]} == {"u-1"}
