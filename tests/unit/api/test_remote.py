"""Who a request comes from is never what the client itself says."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from engine.api.remote import parse_address, remote_ip

OURS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def asked_by(peer, *forwarded):
    return Request(
        {
            "type": "http",
            "client": peer and (peer, 1234),
            "headers": [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded],
        }
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("186.80.12.4", ["1.2.3.4"], "186.80.12.4"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["186.80.12.4"], "186.80.12.4"),
        ("10.0.0.1", ["6.6.6.6, 186.80.12.4"], "186.80.12.4"),
        ("10.0.0.1", ["6.6.6.6", "186.80.12.4, 10.9.9.9"], "186.80.12.4"),
        ("10.0.0.1", ["10.0.0.7, 10.0.0.8"], "10.0.0.7"),
        ("10.0.0.1", ["186.80.12.4:50123"], "186.80.12.4"),
        ("10.0.0.1", ['"[2001:db8::1]:50123"'], "2001:db8::1"),
        ("10.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("fd00::1", ["186.80.12.4"], "186.80.12.4"),
        ("::ffff:10.0.0.1", ["::ffff:186.80.12.4"], "186.80.12.4"),
        ("10.0.0.1", ["186.80.12.4, unknown"], None),
        ("10.0.0.1", ["186.80.12.4, "], None),
        ("10.0.0.1", ["\xff\x01, <script>"], None),
        ("10.0.0.1", [", ".join(["10.0.0.2"] * 5_000)], "10.0.0.2"),
        (None, ["186.80.12.4"], None),
    ],
)
def test_only_our_own_proxies_are_believed(peer, forwarded, client):
    assert remote_ip(asked_by(peer, *forwarded), OURS) == client


def test_without_proxies_the_peer_is_the_client():
    assert remote_ip(asked_by("10.0.0.1", "186.80.12.4"), ()) == "10.0.0.1"


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1.2.3.4.5", "[", "[::x", "%", "999.1.1.1", ":" * 999]
)
def test_what_is_no_address_is_none(text):
    assert parse_address(text) is None
