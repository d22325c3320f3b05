"""How often a token may be guessed: by each address, and by all together."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from math import ceil

import trio
from starlette.requests import Request

from engine.api.remote import FORWARDED_FOR, came_by_proxy, parse_address, remote_ip
from engine.model.errors import Refused
from engine.project.networks import Network

AT_ONCE = 20
EACH_S = 6.0
"""An address may be wrong so often at once, and once more after each so many seconds."""

AT_ONCE_ALL = 200
EACH_ALL_S = 0.6
"""The same of all addresses: beyond it, who was wrong before has to wait."""

MOST_ADDRESSES = 4_096


@dataclass(slots=True)
class Wrong:
    """So many wrong tokens, at ``at_s`` of the monotonic clock; they are forgiven one by one."""

    count: float = 0.0
    at_s: float = 0.0

    def at(self, now_s: float, each_s: float) -> float:
        """What is left of them."""
        self.count = max(self.count - (now_s - self.at_s) / each_s, 0.0)
        self.at_s = now_s
        return self.count


class Tries:
    """Slows down who guesses.

    An address that was wrong too often is not listened to, whatever it sends: to tell it apart what
    is right would be to let it guess on. An address that was never wrong is always listened to, so
    that nobody can lock out whoever has the token.
    """

    def __init__(self, monotonic_s: Callable[[], float] = trio.current_time) -> None:
        self._now_s = monotonic_s
        self._by_address: OrderedDict[str, Wrong] = OrderedDict()
        self._all = Wrong()

    def check(self, who: str) -> None:
        """Pass, or raise ``Refused`` (429) for who has been wrong too often."""
        wrong = self._by_address.get(who)
        if wrong is None:
            return
        now_s = self._now_s()
        count, everyone = wrong.at(now_s, EACH_S), self._all.at(now_s, EACH_ALL_S)
        wait_s = 0.0
        if count > AT_ONCE - 1:
            wait_s = (count - AT_ONCE + 1) * EACH_S
        elif count and everyone > AT_ONCE_ALL - 1:
            wait_s = (everyone - AT_ONCE_ALL + 1) * EACH_ALL_S
        if wait_s > 0:
            message = "too many wrong tokens came from this address"
            raise Refused(429, "too_many_tries", message, retry_after_s=ceil(wait_s))

    def failed(self, who: str) -> None:
        """Remember that a token was wrong."""
        now_s = self._now_s()
        wrong = self._by_address.setdefault(who, Wrong(at_s=now_s))
        self._by_address.move_to_end(who)
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        wrong.count = wrong.at(now_s, EACH_S) + 1
        self._all.count = self._all.at(now_s, EACH_ALL_S) + 1


def guesser_of(request: Request, trusted: Sequence[Network]) -> str:
    """By what the tries of whoever sent this are counted."""
    forwarded = FORWARDED_FOR in request.headers and not came_by_proxy(request, trusted)
    return guesser(parse_address(remote_ip(request, trusted) or ""), forwarded=forwarded)


def guesser(address: IPv4Address | IPv6Address | None, *, forwarded: bool) -> str:
    """By what a sender's tries are counted; of IPv6 by its network, which one sender has whole.

    ``forwarded`` tells apart what came through a proxy that the settings don't name: whoever
    guesses through it doesn't lock out the commands that run beside the server.
    """
    if address is None:
        return "unknown"
    is_v4 = isinstance(address, IPv4Address)
    who = str(address if is_v4 else ip_network((address, 64), strict=False))
    return f"{who} by proxy" if forwarded else who
