"""The project's own server is believed by the certificate that its settings name, and no other."""

import datetime as dt
import json
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import cli.standings
from cli.control import changing
from cli.trust import Server, asking
from engine.control.control import ControlError
from engine.model.delivery import Answer, NoAnswer, Request
from engine.model.errors import ProjectError
from engine.project.spec import TlsSpec
from engine.server.folder import held
from engine.webserver.tls import server_context
from tests.support.releases import FILES, write_project

pytestmark = pytest.mark.trio

TLS = TlsSpec("tls/server.pem", "tls/server.key")
SETTINGS = f"""{FILES["encamina.yaml"]}
server: {{ tls: {{ certificate: {TLS.certificate}, key: {TLS.key} }} }}
"""
ASKED = {"success": True, "retried": 3}


class Authority:
    """Signs certificates, and nobody knows it."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.signed("Nobody's authority", self.key, is_authority=True)

    def signed(self, name, key, *, is_authority=False):
        now = dt.datetime.now(dt.UTC)
        issuer = name if is_authority else "Nobody's authority"
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), True)
            .sign(self.key, hashes.SHA256())
        )

    def gives(self, folder):
        """A certificate for shop.example and its chain in ``server.pem``, its key beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        chain = [self.signed("shop.example", key), self.certificate]
        text = b"".join(one.public_bytes(pem) for one in chain)
        (folder / "server.pem").write_bytes(b"The shop's own\n" + text)
        secret = key.private_bytes(pem, form, serialization.NoEncryption())
        (folder / "server.key").write_bytes(secret)


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def project(tmp_path, authority, monkeypatch):
    monkeypatch.setenv("ENCAMINA_ADMIN_TOKEN", "enc_a_t")
    for name in ("ENCAMINA_ADMIN_URL", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    shop = write_project(tmp_path / "shop", {**FILES, "encamina.yaml": SETTINGS})
    authority.gives(shop / "tls")
    return shop


@asynccontextmanager
async def listening(certificates):
    """A server that has that certificate and answers every request the same; its URL."""
    context = server_context(certificates / "server.pem", certificates / "server.key")

    async def answer(stream):
        body = json.dumps(ASKED).encode()
        try:
            await stream.receive_some(65_536)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            await stream.send_all(head + body)
        except trio.BrokenResourceError:
            pass  # who asks didn't believe us

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(
            partial(trio.serve_ssl_over_tcp, answer, 0, context, host="127.0.0.1")
        )
        yield f"https://127.0.0.1:{listener.transport_listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def retried(project, folder, url):
    with held(folder, "sandbox") as hold:
        hold.listens_at(url)
        async with changing(project, folder) as change:
            return await change("dead/retry", {"all": True})


async def test_a_command_believes_the_server_whose_certificate_the_settings_name(project, tmp_path):
    async with listening(project / "tls") as url:
        assert await retried(project, tmp_path / "data", url) == {"retried": 3}


async def test_another_certificate_of_the_same_authority_is_not_believed(
    project, tmp_path, authority
):
    authority.gives(tmp_path / "other")
    async with listening(tmp_path / "other") as url:
        with pytest.raises(ControlError) as refused:
            await retried(project, tmp_path / "data", url)

    said = str(refused.value)
    assert f"{url}: certificate error" in said
    assert "not the one in tls/server.pem, which server.tls.certificate names" in said
    assert "start the server anew" in said
    assert "refused" not in said


async def test_a_server_that_is_named_is_to_be_named_as_its_certificate_names_it(
    project, tmp_path, monkeypatch
):
    async with listening(project / "tls") as url:
        monkeypatch.setenv("ENCAMINA_ADMIN_URL", url)
        with pytest.raises(ControlError) as refused:
            await retried(project, tmp_path / "data", url)

    said = str(refused.value)
    assert "certificate error" in said
    assert "127.0.0.1" in said
    assert "SSL_CERT_FILE" in said
    assert "server.tls.certificate is tls/server.pem" in said


async def test_where_the_certificate_can_not_be_read_that_is_said(project, tmp_path):
    (project / "tls" / "server.pem").unlink()

    with pytest.raises(
        ProjectError, match=r"server\.tls\.certificate: .*server\.pem: No such file"
    ):
        await retried(project, tmp_path / "data", "https://127.0.0.1:9")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "the connection was refused"),
        ("http://no-such-host.invalid", "the host is unknown"),
    ],
)
async def test_what_is_no_matter_of_trust_is_told_as_it_is(project, url, words):
    server = Server(url, named=False, tls=None, project=project)
    async with asking(server) as sender:
        answer = await sender.send("", Request("GET", url, {}, {}, b""), 5_000)

    assert answer == NoAnswer(f"no answer: {words}")
    assert server.why_not(answer.reason, "is it there?") == f"{url}: {answer.reason}; is it there?"


async def test_how_destinations_stand_is_asked_with_the_same_trust(project, tmp_path, authority):
    async with listening(project / "tls") as url:
        ours = await cli.standings._ready(Server(url, named=False, tls=TLS, project=project))
    authority.gives(tmp_path / "other")
    async with listening(tmp_path / "other") as url:
        others = await cli.standings._ready(Server(url, named=False, tls=TLS, project=project))

    assert ours == {}
    assert "certificate error" in others


async def test_no_answer_is_believed_from_a_server_that_shows_no_certificate_at_all(project):
    async with trio.open_nursery() as nursery:

        async def answer(stream):
            await stream.receive_some(65_536)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        [listener] = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
        url = f"https://127.0.0.1:{listener.socket.getsockname()[1]}"
        async with asking(Server(url, named=False, tls=TLS, project=project)) as sender:
            told = await sender.send("", Request("GET", url, {}, {}, b""), 5_000)
        nursery.cancel_scope.cancel()

    assert not isinstance(told, Answer)
    assert "no TLS could be agreed on" in told.reason
