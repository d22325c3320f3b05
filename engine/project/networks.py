"""Networks, as they stand in files: ``10.0.0.0/8``, ``fd00::/8``, or one address."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


def parse_network(text: str) -> Network:
    """The network; raises ``ValueError`` with what is expected."""
    try:
        return ip_network(text.strip())
    except ValueError:
        raise ValueError("expected a network such as 10.0.0.0/8, or one address") from None
