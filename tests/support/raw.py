"""A client that says what it likes over a socket, and reads answers by itself."""

import json
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answered:
    """One answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


class Ended(Exception):  # noqa: N818 - reads as what happened
    """The server closed the connection; ``data`` is what came before."""

    def __init__(self, data=b""):
        super().__init__(f"the connection ended after {data!r}")
        self.data = data


class Raw:
    """One connection; what was read beyond an answer waits for the next."""

    def __init__(self, url, timeout=10.0, context: ssl.SSLContext | None = None):
        parts = urlsplit(url)
        self.sock = socket.create_connection((parts.hostname, parts.port), timeout)
        if context is not None:
            self.sock = context.wrap_socket(self.sock, server_hostname=parts.hostname)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)
        return self

    def answer(self, *, head_only=False):
        """The next answer; ``Ended`` if there is none any more."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (one.partition(":") for one in lines)}
        status = int(first.split()[1])
        if head_only or status < 200 or status in {204, 304}:
            return Answered(status, headers, b"")
        length = int(headers["content-length"])
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answered(status, headers, body)

    def is_closed(self):
        """Whether the server ends the connection within the time-out, with nothing more said."""
        try:
            return not self.buffer and self.sock.recv(65_536) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _more(self):
        try:
            data = self.sock.recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            raise Ended(self.buffer)
        self.buffer += data


def request(body=b"", *lines, method="POST", path="/v1/batch", version="HTTP/1.1", length=True):
    """A request's bytes; ``lines`` are more headers."""
    head = [f"{method} {path} {version}", "Host: x", *lines]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body
