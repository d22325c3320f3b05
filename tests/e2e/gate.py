"""A relay before a server that can be cut: the network between a shop and Encamina, at its worst."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 65_536


class Gate(socketserver.ThreadingTCPServer):
    """Relays to ``target``, a port; None ends each connection at once, which ``refused`` counts.

    Of the next ``lose`` connections the request gets through and the answer doesn't: ``lost`` of
    them have been.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: int | None, lose: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.target, self.lose = target, lose
        self.refused = self.lost = 0
        self._turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def loses_this(self) -> bool:
        with self._turn:
            self.lose -= 1
            return self.lose >= 0

    def count(self, *, lost: bool) -> None:
        with self._turn:
            self.lost += lost
            self.refused += not lost


class _Relay(socketserver.BaseRequestHandler):
    server: Gate

    def handle(self) -> None:
        try:
            upstream = socket.create_connection(("127.0.0.1", self.server.target or 0))
        except OSError:
            self.server.count(lost=False)
            return
        with upstream:
            answers = threading.Thread(
                target=self._answer, args=(upstream, self.server.loses_this()), daemon=True
            )
            answers.start()
            _pump(self.request, upstream)
            answers.join()

    def _answer(self, upstream: socket.socket, lose: bool) -> None:
        if lose:
            with suppress(OSError):
                upstream.recv(1)
            self.server.count(lost=True)
        else:
            _pump(upstream, self.request)
        for one in (upstream, self.request):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Until one of the two ends."""
    with suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def gate(url: str, lose: int = 0) -> Iterator[Gate]:
    """A gate to the server at ``url``, open."""
    with Gate(port_of(url), lose) as one:
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}).start()
        try:
            yield one
        finally:
            one.shutdown()


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])
