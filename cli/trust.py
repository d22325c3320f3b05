"""Trust in the project's own server: its certificate is known by the file in ``server.tls``."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.delivery.send import UNTRUSTED, Sender, Trust, first_certificate, open_sender
from engine.model.errors import ProjectError
from engine.project.read import read_spec
from engine.project.spec import TlsSpec


@dataclass(frozen=True, slots=True)
class Server:
    """A server as a command asks it; ``named`` where somebody gave this URL, else it was found.

    One that was found on this machine shows the very certificate that the settings name, whatever
    name that is for. One that is named is believed by that name too.
    """

    url: str
    named: bool
    tls: TlsSpec | None
    project: Path

    @property
    def trust(self) -> Trust | None:
        """Which certificate to believe, None where the settings name none."""
        if self.tls is None or not self.url.startswith("https:"):
            return None
        return Trust(self.project / self.tls.certificate, alone=not self.named)

    def why_not(self, reason: str, otherwise: str) -> str:
        """That there is no answer, why, and what to do: ``otherwise``, unless it is trust."""
        if UNTRUSTED not in reason:
            return f"{self.url}: {reason}; {otherwise}"
        own = "none" if self.tls is None else self.tls.certificate
        if self.trust is not None and not self.named and "expired" in reason:
            return (
                f"{self.url}: certificate error, {reason}. Renew {own}, which "
                "server.tls.certificate names, and start the server anew"
            )
        if self.trust is not None and not self.named:
            return (
                f"{self.url}: certificate error, {reason}. It is not the one in {own}, which "
                "server.tls.certificate names: where the file was renewed, start the server anew"
            )
        return (
            f"{self.url}: certificate error, {reason}. Name the server by the name that its "
            "certificate is for, and set SSL_CERT_FILE to the certificate of who signed it "
            f"(server.tls.certificate is {own})"
        )


def tls_of(project: Path) -> TlsSpec | None:
    """The ``server.tls`` of the settings, None where there is none."""
    spec, _ = read_spec(project)
    return None if spec is None else spec.server.tls


@asynccontextmanager
async def asking(server: Server, *, proxies: bool = False) -> AsyncIterator[Sender]:
    """A sender that believes the server; raises ``ProjectError`` where its file is no use."""
    if (fault := _unusable(server.trust)) is not None:
        raise ProjectError(f"server.tls.certificate: {fault}")
    async with open_sender(None, proxies=proxies, trust=server.trust) as sender:
        yield sender


def _unusable(trust: Trust | None) -> str | None:
    """What is wrong with the file, None where nothing is."""
    if trust is None:
        return None
    try:
        ssl.PEM_cert_to_DER_cert(first_certificate(trust.certificate))
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "it holds no certificate as PEM"
        return f"{trust.certificate}: {words}"
    return None
