"""The certificate and key of a server, from files."""

import ssl
from pathlib import Path


class TlsError(Exception):
    """The files can't be used; the text names the file and what is wrong with it."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer with this certificate; raises ``TlsError``."""
    for what, path in (("certificate", certificate), ("key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise TlsError(f"the TLS {what} {path} can't be read: {why}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # An encrypted key would ask for its password at the terminal: an empty one is refused.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise TlsError(_words(error, certificate, key)) from None
    return context


def _words(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the TLS key {key} does not belong to the certificate {certificate}"
    return (
        f"the TLS certificate {certificate} and key {key} can't be used; "
        "expected PEM files, the key without a password"
    )
