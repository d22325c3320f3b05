"""Filters of URLs and addresses on the net."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit

from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind, Shortcut
from engine.mapping.missing import plain_text
from engine.model.cache import PAGES, PERSONAL

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

EXAMPLE_NETWORKS: Final = tuple(
    map(
        ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
    )
)
"""Networks of documentation and tests: no visitor has such an address, so they need no refusal,
and every example event would lose its address with one."""

OUTSIDE_ADDRESS: Final = frozenset(" \t\r\n\"'<>()[]{},;:/?#&=|\\")
"""Characters that end an e-mail address within a longer text or a URL."""


def url_host(text: str) -> Any:
    """The host, in lower case."""
    return _of_url(text, lambda url: url.hostname)


def url_path(text: str) -> Any:
    """The path."""
    return _of_url(text, lambda url: url.path)


def url_param(text: str, name: str) -> Any:
    """The first value of a query parameter, decoded."""
    pairs = (part.partition("=") for part in _of_url(text, lambda url: url.query, "").split("&"))
    return next((unquote_plus(value) for key, _, value in pairs if unquote_plus(key) == name), None)


def without_params(text: str, *names: str) -> str:
    """The URL without these query parameters, whatever their case; the rest is left as it is."""
    address, hash_sign, fragment = text.partition("#")
    path, _, query = address.partition("?")
    unwanted = {name.casefold() for name in names}
    kept = [part for part in query.split("&") if part and _key(part) not in unwanted]
    return path + ("?" + "&".join(kept) if kept else "") + hash_sign + fragment


def _key(part: str) -> str:
    return unquote_plus(part.partition("=")[0]).casefold()


def _of_url(text: str, part: Callable[[SplitResult], Any], otherwise: Any = None) -> Any:
    try:
        return part(urlsplit(text.strip())) or otherwise
    except ValueError:
        return otherwise


def url_part(value: Any) -> Any:
    """The value as one step of a path or one value of a query, percent-encoded.

    The empty text and the steps . and .. would name another place: they are missing.
    """
    text = plain_text(value)
    return None if text in ("", ".", "..") else quote(text, safe="", errors="replace")


def strip_emails(text: str) -> str:
    """The text with ``[email]`` for each e-mail address, also one that is encoded for a URL."""
    if "@" not in text and "%40" not in text:
        return text
    pieces, start = [], 0
    for begin, end in _addresses(text):
        if begin >= start:
            pieces += [text[start:begin], "[email]"]
            start = end
    return "".join(pieces) + text[start:]


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses begin and end: found from their at signs, so that time stays linear."""
    floor = at = 0
    while (sign := _next_sign(text, at)) is not None:
        at, length = sign
        begin = at
        while begin > floor and text[begin - 1] not in OUTSIDE_ADDRESS:
            begin -= 1
        end = at + length
        while end < len(text) and text[end] not in OUTSIDE_ADDRESS:
            end += 1
        if begin < at and "." in text[at + length : end].strip("."):
            yield begin, end
        floor = at = end


def _next_sign(text: str, start: int) -> tuple[int, int] | None:
    found = [(at, len(sign)) for sign in ("@", "%40") if (at := text.find(sign, start)) >= 0]
    return min(found, default=None)


def public_ip(text: str) -> Any:
    """The address if it is a visitor's whole, public one; missing for any other."""
    found = address_of(text)
    if found is None or int(found) & 0xFF == 0:  # its end was cut off to protect the person
        return None
    return str(found) if _is_public(found) else None


def public_network(text: str) -> Any:
    """The address if it is a public one, whole or cut; missing for any other."""
    found = address_of(text)
    return str(found) if found is not None and _is_public(found) else None


def _is_public(address: Address) -> bool:
    return address.is_global or any(address in network for network in EXAMPLE_NETWORKS)


def ip_version(text: str) -> Any:
    """4 or 6; missing for what is no address."""
    found = address_of(text)
    return found.version if found else None


def address_of(text: str) -> Address | None:
    """The address; of a list, as proxies write it (X-Forwarded-For), the first public one."""
    if "," not in text:
        return _one_address(text)
    listed = [found for one in text.split(",") if (found := _one_address(one)) is not None]
    return next((one for one in listed if _is_public(one)), listed[0] if listed else None)


def _one_address(text: str) -> Address | None:
    """Of one that may have a port behind it, or the brackets of a URL around it."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


_URL = "https://shop.example/p/7?utm_source=mail&email=ana%40shop.example#top"

FILTERS: Final = (
    FilterSpec(
        "url_host",
        "its host",
        Kind.TEXT,
        Kind.TEXT,
        url_host,
        (Example(_URL, "shop.example"), Example("no url", None)),
        may_be_missing=True,
        cache=PAGES,
    ),
    FilterSpec(
        "url_path",
        "its path",
        Kind.TEXT,
        Kind.TEXT,
        url_path,
        (Example(_URL, "/p/7"), Example("https://shop.example", None)),
        may_be_missing=True,
        cache=PAGES,
    ),
    FilterSpec(
        "url_param",
        "the value of a query parameter",
        Kind.TEXT,
        Kind.TEXT,
        url_param,
        (Example(_URL, "mail", ("utm_source",)), Example(_URL, None, ("gclid",))),
        (Argument("name", Kind.TEXT),),
        may_be_missing=True,
        shortcut=Shortcut("None", "'?' not in {0}", suits=bool),
        cache=PAGES,
    ),
    FilterSpec(
        "without_params",
        "the URL without these query parameters",
        Kind.TEXT,
        Kind.TEXT,
        without_params,
        (Example(_URL, "https://shop.example/p/7?utm_source=mail#top", ("email", "token")),),
        (Argument("name", Kind.TEXT),),
        rest=Argument("name", Kind.TEXT),
        shortcut=Shortcut("{0}", "'?' not in {0}"),
        cache=PAGES,
    ),
    FilterSpec(
        "url_part",
        "percent-encoded, as one step of a path or one value of a query; else missing",
        Kind.PLAIN,
        Kind.TEXT,
        url_part,
        (
            Example("A/7 ñ", "A%2F7%20%C3%B1"),
            Example(1001, "1001"),
            Example("..", None),
        ),
        may_be_missing=True,
    ),
    FilterSpec(
        "strip_emails",
        "with [email] in place of each e-mail address",
        Kind.TEXT,
        Kind.TEXT,
        strip_emails,
        (
            Example("write to ana@shop.example now", "write to [email] now"),
            Example("/a?m=ana%40shop.example&x=1", "/a?m=[email]&x=1"),
            Example("a @ b", "a @ b"),
        ),
        shortcut=Shortcut("{0}", "'@' not in {0} and '%' not in {0}"),
    ),
    FilterSpec(
        "public_ip",
        "the first whole, public address of one or of a list, without a port; else missing",
        Kind.TEXT,
        Kind.TEXT,
        public_ip,
        (
            Example("203.0.113.24", "203.0.113.24"),
            Example("10.0.0.7", None),
            Example("186.80.12.0", None),
            Example("10.0.0.7, 203.0.113.24:443", "203.0.113.24"),
            Example("unknown", None),
        ),
        may_be_missing=True,
        cache=PERSONAL,
    ),
    FilterSpec(
        "public_network",
        "the first public address, whole or with its end cut off, of one or of a list, "
        "without a port; else missing",
        Kind.TEXT,
        Kind.TEXT,
        public_network,
        (
            Example("186.80.12.0", "186.80.12.0"),
            Example("203.0.113.24", "203.0.113.24"),
            Example("10.0.0.0", None),
            Example("[2001:db8::7]:443", "2001:db8::7"),
            Example("unknown", None),
        ),
        may_be_missing=True,
        cache=PERSONAL,
    ),
    FilterSpec(
        "ip_version",
        "4 or 6",
        Kind.TEXT,
        Kind.NUMBER,
        ip_version,
        (Example("203.0.113.24", 4), Example("2001:db8::7", 6), Example("x", None)),
        may_be_missing=True,
    ),
)
