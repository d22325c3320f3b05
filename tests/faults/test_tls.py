"""HTTPS by files: served, or refused in words before anything listens."""

import datetime as dt
import ipaddress
import re
import ssl
import subprocess
import sys
import warnings

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.processes import ROOT, a_project, clean_environment, wait_until
from tests.support.raw import Raw, request

pytestmark = pytest.mark.slow

PLAIN = serialization.NoEncryption()
TLS = "  tls: { certificate: tls/server.pem, key: tls/server.key }\n"


def a_key(path, encryption=PLAIN):
    key = ec.generate_private_key(ec.SECP256R1())
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, form, encryption))
    return key


def a_certificate(path, key):
    """Signed by itself, for this machine."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def project(tmp_path):
    """The shop, told to serve HTTPS with a good certificate."""
    project = a_project(tmp_path)
    settings = project / "encamina.yaml"
    settings.write_text(settings.read_text().replace("server:\n", "server:\n" + TLS))
    (project / "tls").mkdir()
    a_certificate(project / "tls" / "server.pem", a_key(project / "tls" / "server.key"))
    return project


def environment(tmp_path, project):
    return clean_environment(
        ENCAMINA_VENDORS="sandbox",
        ENCAMINA_SANDBOX_URL="http://127.0.0.1:9",
        ENCAMINA_PROJECT=str(project),
        ENCAMINA_DATA=str(tmp_path / "data"),
    )


SERVE = [sys.executable, "-m", "cli", "serve", "--listen", "127.0.0.1:0"]


@pytest.fixture
def server(tmp_path, project):
    """Where it listens, and a client's trust in it."""
    log = tmp_path / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            SERVE, cwd=ROOT, env=environment(tmp_path, project), stdout=output, stderr=output
        )
    try:
        found = wait_until(lambda: re.search(r"https://127\.0\.0\.1:\d+", log.read_text()))
        yield found[0], ssl.create_default_context(cafile=project / "tls" / "server.pem")
        assert "Traceback" not in log.read_text()
    finally:
        process.terminate()
        assert process.wait(20) == 0


def posted(url, context):
    return httpx.post(
        f"{url}/v1/track",
        auth=("demo-write-key", ""),
        json={"event": "X", "userId": "u"},
        verify=context,
    )


def test_events_are_taken_over_https(server):
    answer = posted(*server)

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


def test_who_speaks_no_tls_or_an_old_one_is_left_and_the_others_are_served(server):
    url, trusting = server
    with Raw(url) as plain:
        plain.send(request(b"{}"))
        assert plain.is_closed() or plain.sock.recv(65_536)[:5] != b"HTTP/"
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        Raw(url, context=old)

    assert posted(url, trusting).status_code == 200


def test_a_handshake_that_stops_is_cut_off(server):
    with Raw(server[0], timeout=20) as client:
        client.send(b"\x16\x03\x01\x02\x00")
        assert client.is_closed()


def missing(folder):
    (folder / "server.pem").unlink()
    return "the TLS certificate", "server.pem can't be read: No such file or directory"


def of_another(folder):
    a_key(folder / "server.key")
    return "server.key does not belong to the certificate"


def no_pem(folder):
    (folder / "server.pem").write_text("hello")
    return "can't be used; expected PEM files, the key without a password"


def locked(folder):
    a_key(folder / "server.key", serialization.BestAvailableEncryption(b"secret"))
    return "can't be used; expected PEM files, the key without a password"


@pytest.mark.parametrize("broken", [missing, of_another, no_pem, locked])
def test_files_that_can_t_be_used_are_told_before_anything_listens(tmp_path, project, broken):
    words = broken(project / "tls")

    done = subprocess.run(
        SERVE,
        cwd=ROOT,
        env=environment(tmp_path, project),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    said = " ".join(done.stderr.split())
    assert done.returncode == 2, said
    assert all(one in said for one in ([words] if isinstance(words, str) else words)), said
    assert "Listening" not in said
    assert "Traceback" not in said
