"""Request -> Answer over httpx: every request that Encamina makes goes through here.

In sandbox mode it goes to the sandbox, under the vendor's name, instead of the vendor.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import trio

from engine.codec.body import loads
from engine.model.delivery import Answer, NoAnswer, Request
from engine.model.jsonvalue import Json

MOST_ANSWER_BYTES = 1024 * 1024
"""What is read of an answer; vendors' answers to a batch of 1,000 stay far below."""

MOST_EXPORT_BYTES = 16 * 1024 * 1024
"""What is read of a body that a pull fetches; 20,000 rows of some 250 bytes have a third of it."""

IDLE_CONNECTIONS = 20


UNTRUSTED = "its certificate is not trusted"
"""In the words of why there is no answer; what comes after it is why."""


@dataclass(frozen=True, slots=True)
class Trust:
    """A certificate of our own, a PEM file, that is believed though no known authority signed it.

    ``alone``: it and no other, and whatever name it bears, as for the server that has this file.
    """

    certificate: Path
    alone: bool = False


class Door(Protocol):
    """Whatever requests go out through: the sender, or one that does something to them first."""

    async def send(self, vendor: str, request: Request, timeout_ms: int) -> Answer | NoAnswer:
        """What came back, or in words why nothing did."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends requests over connections that stay open; ``sandbox_url`` is None in live mode.

    ``most_bytes`` is what is read of an answer.
    """

    client: httpx.AsyncClient
    sandbox_url: str | None
    most_bytes: int = MOST_ANSWER_BYTES

    async def send(self, vendor: str, request: Request, timeout_ms: int) -> Answer | NoAnswer:
        """What came back, or in words why nothing did; redirects are answers, never followed."""
        late = NoAnswer(f"no answer within {timeout_ms / 1000:g} s")
        # httpx bounds each read; a vendor that drips an answer must not hold its place for ever.
        with trio.move_on_after(timeout_ms / 1000):
            return await self._answer(vendor, request, timeout_ms / 1000) or late
        return late

    async def _answer(
        self, vendor: str, request: Request, timeout_s: float
    ) -> Answer | NoAnswer | None:
        """What came back; None where it took too long."""
        try:
            url = httpx.URL(self._address(vendor, request.url))
            if request.params:
                url = url.copy_merge_params(request.params)
            async with self.client.stream(
                request.method,
                url,
                headers=dict(request.headers),
                content=request.body,
                timeout=timeout_s,
            ) as response:
                return await _read(response, self.most_bytes)
        except httpx.TimeoutException:
            return None
        except (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError) as error:
            return NoAnswer(f"no answer: {_words(error)}")

    def _address(self, vendor: str, url: str) -> str:
        if self.sandbox_url is None:
            return url
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.sandbox_url.rstrip('/')}/{vendor}{parts.path}{query}"


@asynccontextmanager
async def open_sender(
    sandbox_url: str | None, *, proxies: bool = True, trust: Trust | None = None
) -> AsyncIterator[Sender]:
    """A sender whose connections close at the end of the block.

    Raises ``OSError`` or ``ValueError`` where the certificate of ``trust`` can't be read.

    ``proxies``: whether the proxy variables of the environment hold; for this machine's own
    addresses, as the sandbox's, they do not.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS)
    # The sandbox needs no certificates, which are 4 MiB to load.
    live = sandbox_url is None
    verify = _context(trust) if live else False
    async with httpx.AsyncClient(
        limits=limits, follow_redirects=False, trust_env=proxies and live, verify=verify
    ) as client:
        client.headers["User-Agent"] = "encamina"
        yield Sender(client, sandbox_url)


def _context(trust: Trust | None) -> ssl.SSLContext:
    """Whom to believe: those whom everybody does, or SSL_CERT_FILE, and our own certificate."""
    if trust is not None and trust.alone:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=first_certificate(trust.certificate))
        return context
    context = httpx.create_ssl_context()
    if trust is not None:
        context.load_verify_locations(cafile=trust.certificate)
    return context


def first_certificate(path: Path) -> str:
    """The server's own certificate, as PEM; the others in its file are those who signed it."""
    _, begin, rest = path.read_text().partition("-----BEGIN CERTIFICATE-----")
    body, end, _ = rest.partition("-----END CERTIFICATE-----")
    return begin + body + end


async def _read(response: httpx.Response, most_bytes: int) -> Answer | NoAnswer:
    content = await _bytes(response, most_bytes)
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = _parsed(content)
    whole = len(content) < most_bytes
    if response.status_code >= 400 and whole and isinstance(body, str) and _is_cut(headers, body):
        # Half a refusal doesn't tell what is refused: no reason to stop, or to drop an event.
        return NoAnswer(f"the answer, HTTP {response.status_code}, is JSON that breaks off")
    return Answer(response.status_code, headers, body)


async def _bytes(response: httpx.Response, most_bytes: int) -> bytes:
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > most_bytes:
                # Not left by a break: httpx's generators would stay open until they are collected.
                await response.aclose()
    except (httpx.TransportError, httpx.StreamError, httpx.DecodingError):
        if len(content) <= most_bytes:
            raise
    return bytes(content[:most_bytes])


def _is_cut(headers: Mapping[str, str], text: str) -> bool:
    """Whether a text that is no JSON was meant to be an object or a list of it."""
    return "json" in headers.get("content-type", "") and text.lstrip()[:1] in ("{", "[")


def _parsed(content: bytes) -> Json:
    try:
        return loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def _words(error: Exception) -> str:
    """A network fault in words; httpx's own text can be empty, and can hold the URL's secrets."""
    if isinstance(error, httpx.ConnectError):
        return _connect_words(error)
    words = {
        httpx.ReadError: "the connection broke while the answer was read",
        httpx.WriteError: "the connection broke while the request was sent",
        httpx.RemoteProtocolError: "the server closed the connection without an answer",
        httpx.InvalidURL: "the URL can't be used",
        httpx.UnsupportedProtocol: "the URL does not begin with http:// or https://",
        httpx.DecodingError: "the answer's compression is broken",
    }
    return words.get(type(error), type(error).__name__)


def _connect_words(error: httpx.ConnectError) -> str:
    """Why there is no connection: what stands deepest among the causes knows."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"{UNTRUSTED}: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "no TLS could be agreed on; does the host speak it on this port?"
        if isinstance(cause, socket.gaierror):
            return "the host is unknown"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
    return "no connection could be made"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The fault and what led to it; of a group, its first."""
    one: BaseException | None = error
    while one is not None:
        yield one
        if isinstance(one, BaseExceptionGroup):
            one = one.exceptions[0]
        else:
            one = one.__cause__ or one.__context__
