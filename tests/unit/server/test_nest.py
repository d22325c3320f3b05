"""NestJS's transport as ``nest:`` says: TLS with certificates of the callers, and its refusals."""

import json
import ssl
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
import trio

from engine.ingest.guard import Guard
from engine.nest.answer import NestFace
from engine.project.listeners import NestSpec
from engine.server.http import ListenError
from engine.server.nest import serve_nest
from tests.support.certificates import write_certificates
from tests.support.controls import HandClock, a_control

pytestmark = pytest.mark.trio

ASKED = '{"pattern":"nope","data":1,"id":"7"}'
FRAME = f"{len(ASKED)}#{ASKED}".encode()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_certificates(tmp_path_factory.mktemp("tls"))


def secured(**changed):
    files = {"certificate": "server.pem", "key": "server.key", "client_ca": "ca.pem", **changed}
    return NestSpec("127.0.0.1:0", **files)


@asynccontextmanager
async def serving(folder, root, spec):
    clock, stop = HandClock(), trio.Event()
    async with a_control(folder, clock) as control, trio.open_nursery() as nursery:
        guard = Guard(control.ingest.release, control.ingest.notices)
        face = NestFace(control.ingest, clock, guard)
        where = await nursery.start(serve_nest, face, spec, root, stop.wait)
        yield SimpleNamespace(port=int(where.rpartition(":")[2]), control=control)
        stop.set()


async def asked(served, files, caller=None):
    """The answer to a question by TLS, b"" where the caller isn't let in."""
    context = ssl.create_default_context(cafile=files / "ca.pem")
    if caller is not None:
        context.load_cert_chain(files / f"{caller}.pem", files / f"{caller}.key")
    stream = await trio.open_tcp_stream("127.0.0.1", served.port)
    secure = trio.SSLStream(stream, context, server_hostname="127.0.0.1", https_compatible=True)
    try:
        with trio.fail_after(5):
            await secure.send_all(FRAME)
            return bytes(await secure.receive_some(1_000))
    except trio.BrokenResourceError:
        return b""
    finally:
        await trio.aclose_forcefully(secure)


async def test_a_caller_with_a_certificate_of_the_authority_is_answered(tmp_path, files):
    async with serving(tmp_path, files, secured()) as served:
        answer = await asked(served, files, "caller")

    assert json.loads(answer.partition(b"#")[2])["id"] == "7"


@pytest.mark.parametrize("caller", [None, "stranger"])
async def test_a_caller_without_one_is_not_heard(tmp_path, files, caller):
    async with serving(tmp_path, files, secured()) as served:
        assert await asked(served, files, caller) == b""

        metrics = served.control.ingest.notices.metrics().decode()
    assert 'turned_away_total{why="nest tls"} 1.0' in metrics
    told = next(one for one in metrics.splitlines() if "HELP encamina_turned_away_total" in one)
    assert "NestJS" in told


async def test_a_caller_without_tls_is_not_heard(tmp_path, files):
    async with serving(tmp_path, files, secured()) as served:
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        await stream.send_all(FRAME)

        with trio.fail_after(5):
            assert b'"id"' not in await stream.receive_some(1_000)
        await trio.aclose_forcefully(stream)


async def test_without_an_authority_tls_alone_is_enough(tmp_path, files):
    async with serving(tmp_path, files, secured(client_ca=None)) as served:
        assert b'"id":"7"' in await asked(served, files)


@pytest.mark.parametrize(
    "changed",
    [
        {"certificate": "gone.pem"},
        {"certificate": "no.pem"},
        {"key": "caller.key"},
        {"client_ca": "gone.pem"},
        {"client_ca": "no.pem"},
    ],
)
async def test_files_that_can_t_be_used_are_named(tmp_path, files, changed):
    with pytest.raises(ExceptionGroup) as raised:
        async with serving(tmp_path, files, secured(**changed)):
            raise AssertionError("it listens")

    [error] = raised.value.exceptions
    assert isinstance(error, ListenError)
    [name] = changed.values()
    assert name in str(error)


@pytest.mark.parametrize("listen", ["3001", "127.0.0.1:99999", "127.0.0.1:x", "192.0.2.1:3001"])
async def test_an_address_that_is_none_is_told(tmp_path, files, listen):
    with pytest.raises(ExceptionGroup) as raised:
        async with serving(tmp_path, files, NestSpec(listen)):
            raise AssertionError("it listens")

    [error] = raised.value.exceptions
    assert isinstance(error, ListenError)
    assert f"can't listen on {listen}" in str(error)
