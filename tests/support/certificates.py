"""Certificates for tests of TLS: an authority, and who is signed by it or isn't."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUTHORITY = "the shop's authority"


def write_certificates(folder: Path) -> Path:
    """``ca``, ``server`` and ``caller`` that it signed, ``stranger``: each a .pem and a .key."""
    authority = _a_key(folder / "ca.key")
    _certify(folder / "ca.pem", authority, AUTHORITY)
    for name in ("server", "caller"):
        _certify(folder / f"{name}.pem", _a_key(folder / f"{name}.key"), name, authority)
    _certify(folder / "stranger.pem", _a_key(folder / "stranger.key"), "stranger")
    (folder / "no.pem").write_text("no certificate")
    return folder


def _a_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return key


def _certify(
    path: Path,
    key: ec.EllipticCurvePrivateKey,
    name: str,
    authority: ec.EllipticCurvePrivateKey | None = None,
) -> None:
    """A certificate for this machine, signed by the authority, else by itself."""
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    is_own = authority is None
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(name if is_own else AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_own, path_length=None), critical=True)
        .sign(authority or key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
