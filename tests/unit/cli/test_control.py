"""Finding who has to be asked for a change."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trio

import cli.control
from cli.control import changing, reachable
from engine.control.control import Control, ControlError
from engine.model.errors import DataFolderError
from engine.release.keys import digest_of
from engine.server.folder import FolderHeld, held, served_at
from tests.support.releases import ENV, FILES, write_project

pytestmark = pytest.mark.trio


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_WRITE_KEY", ENV["SHOP_WRITE_KEY"])
    monkeypatch.delenv("ENCAMINA_ADMIN_TOKEN", raising=False)
    monkeypatch.delenv("ENCAMINA_VENDORS", raising=False)
    return write_project(tmp_path / "shop", FILES)


async def test_a_folder_that_nobody_holds_is_changed_here(project, tmp_path):
    async with changing(project, tmp_path / "data", make=True) as change:
        assert isinstance(change.by, Control)
        made = await change("keys/create", {"kind": "admin"})

    assert made["key"].startswith("enc_a_")
    async with changing(project, tmp_path / "data") as change:
        assert (await change("keys/revoke", {"id": made["id"], "last": True}))["revoked"] == 1


async def test_a_folder_that_is_not_there_is_not_made_unasked(project, tmp_path):
    with pytest.raises(DataFolderError, match="no data folder"):
        async with changing(project, tmp_path / "data"):
            pass

    assert not (tmp_path / "data").exists()


async def test_another_command_that_is_at_it_is_waited_for(project, tmp_path):
    folder = tmp_path / "data"
    holding, done = threading.Event(), threading.Event()

    def hold():
        with held(folder, "sandbox"):
            holding.set()
            done.wait(10)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, hold)
        await trio.to_thread.run_sync(holding.wait)
        nursery.start_soon(_end_soon, done)
        async with changing(project, folder) as change:
            assert done.is_set()
            assert isinstance(change.by, Control)


async def _end_soon(done):
    await trio.sleep(0.2)
    done.set()


async def test_a_holder_that_never_listens_is_told_of(project, tmp_path, monkeypatch):
    monkeypatch.setattr(cli.control, "STARTING_S", 0.05)
    with held(tmp_path / "data", "sandbox"), pytest.raises(FolderHeld, match="served by another"):
        async with changing(project, tmp_path / "data"):
            pass


async def test_without_a_token_a_server_can_not_be_asked(project, tmp_path):
    with held(tmp_path / "data", "sandbox") as hold:
        hold.listens_at("http://127.0.0.1:9")

        with pytest.raises(ControlError, match="ENCAMINA_ADMIN_TOKEN is not set"):
            async with changing(project, tmp_path / "data"):
                pass


async def test_a_server_that_does_not_answer_is_told_of(project, tmp_path, monkeypatch):
    monkeypatch.setenv("ENCAMINA_ADMIN_TOKEN", "t")
    with held(tmp_path / "data", "sandbox") as hold:
        hold.listens_at("http://127.0.0.1:9")

        with pytest.raises(ControlError, match=r"127\.0\.0\.1:9: no answer.*ENCAMINA_ADMIN_URL"):
            async with changing(project, tmp_path / "data") as change:
                await change("dead/retry", {"all": True})


@contextmanager
def a_server_that_answers(status):
    """The URL of a server that answers all that is asked of /admin with one status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def asked_of_a_server(project, folder, status, asked=None):
    """What a command says whose server answers so."""
    with a_server_that_answers(status) as url, held(folder, "sandbox") as hold:
        hold.listens_at(url)
        with pytest.raises(ControlError) as refused:
            async with changing(project, folder) as change:
                await change("dead/retry", asked or {"all": True})
    return str(refused.value)


@pytest.mark.parametrize("status", [401, 404])
async def test_a_revoked_token_is_said_to_be_revoked_with_the_way_to_another(
    project, tmp_path, monkeypatch, status
):
    monkeypatch.setenv("ENCAMINA_ADMIN_TOKEN", "token-of-the-files")
    with (project / "encamina.yaml").open("a") as settings:
        settings.write('server: { admin_token: "{{ env.ENCAMINA_ADMIN_TOKEN }}" }\n')
    digest = digest_of("token-of-the-files")
    async with changing(project, tmp_path / "data", make=True) as change:
        assert (await change("keys/revoke", {"id": digest, "last": True}))["revoked"] == 1

    said = await asked_of_a_server(project, tmp_path / "data", status)

    assert "the token in server.admin_token in encamina.yaml was revoked" in said
    assert "`encamina keys create --admin`" in said


async def test_an_option_that_is_no_text_is_refused_before_a_server_is_asked(
    project, tmp_path, monkeypatch
):
    monkeypatch.setenv("ENCAMINA_ADMIN_TOKEN", "t")

    said = await asked_of_a_server(project, tmp_path / "data", 200, {"name": "a\udcff"})

    assert said == "an option holds bytes that are no UTF-8; expected a text"


async def test_a_server_without_any_token_is_told_how_to_have_one(project, tmp_path, monkeypatch):
    monkeypatch.setenv("ENCAMINA_ADMIN_TOKEN", "another")
    async with changing(project, tmp_path / "data", make=True) as change:
        await change("keys/create", {"kind": "write", "source": "shop"})

    said = await asked_of_a_server(project, tmp_path / "data", 404)

    assert "has no /admin: set server.admin_token in encamina.yaml" in said


async def test_where_a_server_listens_is_told_while_it_does_and_no_longer(tmp_path):
    with held(tmp_path, "sandbox") as hold:
        assert served_at(tmp_path) is None
        hold.listens_at("http://127.0.0.1:8080")
        assert served_at(tmp_path) == "http://127.0.0.1:8080"

    assert served_at(tmp_path) is None


async def test_looking_at_who_holds_a_folder_keeps_nobody_from_holding_it(tmp_path):
    (tmp_path / "encamina.lock").write_text("")
    stop = threading.Event()

    def look():
        while not stop.wait(0.001):
            served_at(tmp_path)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.to_thread.run_sync, look))
        for _ in range(50):
            with held(tmp_path, "sandbox"):
                await trio.lowlevel.checkpoint()
        stop.set()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://[::]:8080", "http://[::1]:8080"),
        ("https://shop.example:8443", "https://shop.example:8443"),
    ],
)
async def test_a_server_that_listens_everywhere_is_asked_on_this_machine(url, expected):
    assert reachable(url) == expected
