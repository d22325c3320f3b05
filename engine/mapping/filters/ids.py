"""Filters of ids and cookies; the forms are those of docs/vendors/."""

import hashlib
import json
import re
import uuid
from typing import Any, Final
from urllib.parse import unquote

from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.mapping.filters.time import moment
from engine.mapping.limits import utf8
from engine.model.cache import COOKIES

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_OID, "encamina")
"""The namespace of every UUID that is made here: an id gives the same one at every attempt."""

NAMESPACE_HASH: Final = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)
"""Never updated, only copied."""
VARIANTS: Final = "89ab" * 4
"""What the 17th hex digit of a hash is in a UUID made of it."""

UUID_LENGTH: Final = 36
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GA_COOKIE: Final = re.compile(r"(?:GA\d\.[\d-]+\.)?(\d+\.\d+)", re.ASCII)
GS1_COOKIE: Final = re.compile(r"GS1\.[\d-]+\.(\d+)\.(\d+)\..*", re.ASCII)
GS2_COOKIE: Final = re.compile(r"GS2\.[\d-]+\.(.+)", re.ASCII)
DIGITS: Final = re.compile(r"\d+", re.ASCII)
FBC: Final = re.compile(r"fb\.\d\.\d{10,13}\.[^.\s]+(\.[A-Za-z0-9_-]{2,8})?", re.ASCII)
FBP: Final = re.compile(r"fb\.\d\.\d{10,13}\.\d+(\.[A-Za-z0-9_-]{2,8})?", re.ASCII)
LONGEST_COOKIE: Final = 8192


def stable_uuid(text: str) -> str:
    """The UUID in lower case if it is one, else the one that always stands for this text."""
    if len(text) == UUID_LENGTH and UUID.fullmatch(lower := text.lower()):
        return lower
    return _uuid5(text)


def named_uuid(text: str, name: str) -> str:
    """A UUID of the text under a name: two names give two ids for one event."""
    return _uuid5(f"{name}:{text}")


def _uuid5(text: str) -> str:
    """``uuid.uuid5`` in our namespace as text, in a fifth of its time (tests.bench)."""
    digest = NAMESPACE_HASH.copy()
    digest.update(utf8(text))
    found = digest.hexdigest()
    variant = VARIANTS[int(found[16], 16)]
    return f"{found[:8]}-{found[8:12]}-5{found[13:16]}-{variant}{found[17:20]}-{found[20:32]}"


def ga_client_id(text: str) -> Any:
    """``123.456`` of ``GA1.1.123.456`` or of itself; missing for any other form."""
    found = GA_COOKIE.fullmatch(_decoded(text))
    return found[1] if found else None


def ga_session_id(text: str) -> Any:
    """The session id in a ``_ga_…`` cookie (GS1 or GS2), or the digits themselves."""
    cookie = _decoded(text)
    if cookie.startswith("GS"):
        return _session_part(cookie, 1, "s")
    return cookie if DIGITS.fullmatch(cookie) else None


def ga_session_number(text: str) -> Any:
    """The number of the session in a ``_ga_…`` cookie."""
    return _session_part(_decoded(text), 2, "o")


def _decoded(cookie: str) -> str:
    cookie = cookie.strip()
    return unquote(cookie) if "%" in cookie else cookie


def _session_part(cookie: str, group: int, letter: str) -> Any:
    if cookie.startswith("GS1"):
        found = GS1_COOKIE.fullmatch(cookie)
        return found[group] if found else None
    if found := GS2_COOKIE.fullmatch(cookie):
        for part in found[1].split("$"):
            if part.startswith(letter) and DIGITS.fullmatch(part[1:]):
                return part[1:]
    return None


def stable_client_id(text: str) -> str:
    """Two positive numbers joined by a dot, always the same for a text, as a web client id."""
    digest = hashlib.sha256(utf8(text)).digest()
    one, other = int.from_bytes(digest[:4]), int.from_bytes(digest[4:8])
    return f"{one or 1}.{other or 1}"


def fbc(click_id: str, at: str | float) -> Any:
    """The cookie's form of a click id first seen at a moment or at milliseconds since 1970."""
    seen_ms = moment(at) if isinstance(at, str) else int(at)
    return valid_fbc(f"fb.1.{seen_ms}.{click_id}")


def valid_fbc(text: str) -> Any:
    """The text if it has the form of the cookie ``_fbc``."""
    return text if FBC.fullmatch(text) else None


def valid_fbp(text: str) -> Any:
    """The text if it has the form of the cookie ``_fbp``."""
    return text if FBP.fullmatch(text) else None


def json_cookie(text: str) -> Any:
    """The object that a cookie holds as percent-encoded JSON; bare JSON is read too."""
    if len(text) > LONGEST_COOKIE:
        return None
    try:
        cookie = json.loads(unquote(text))
    except (ValueError, RecursionError):
        return None
    return cookie if isinstance(cookie, dict) else None


_COOKIE = "%7B%22id%22%3A%22d-1%22%2C%22n%22%3A1%7D"

FILTERS: Final = (
    FilterSpec(
        "uuid",
        "in lower case if it is a UUID, else the UUID that always stands for this text",
        Kind.TEXT,
        Kind.TEXT,
        stable_uuid,
        (
            Example("6F9619FF-8B86-D011-B42D-00CF4FC964FF", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
            Example("order-7", "cbaf61fb-ff82-5beb-b2c8-f3ba18da804e"),
        ),
    ),
    FilterSpec(
        "uuid5",
        "a UUID of it under a name: a second id for the same event",
        Kind.TEXT,
        Kind.TEXT,
        named_uuid,
        (Example("order-7", "8c31a4e1-2ecc-59fb-bf35-da3ff4a75e5a", ("lead",)),),
        (Argument("name", Kind.TEXT),),
    ),
    FilterSpec(
        "ga_client_id",
        "the client id of a _ga cookie, or the id itself; missing for any other form",
        Kind.TEXT,
        Kind.TEXT,
        ga_client_id,
        (
            Example("GA1.1.1162820436.1749482504", "1162820436.1749482504"),
            Example("GA1.2-2.12.34", "12.34"),
            Example("12.34", "12.34"),
            Example(1162820436.1749482, None),  # its last digits are lost
            Example("abc", None),
        ),
        may_be_missing=True,
        lenient=True,
        cache=COOKIES,
    ),
    FilterSpec(
        "ga_session_id",
        "the session id of a _ga_… cookie, old form or new, or the digits themselves",
        Kind.ID,
        Kind.TEXT,
        ga_session_id,
        (
            Example("GS1.1.1746825440.14.0.1746825440.6.0.295082955", "1746825440"),
            Example("GS2.1.s1747132561$o1$g0$t1747132655$j0$l0$h0", "1747132561"),
            Example(1747132561, "1747132561"),
            Example("GS3.x", None),
        ),
        may_be_missing=True,
        cache=COOKIES,
    ),
    FilterSpec(
        "ga_session_number",
        "how many sessions a _ga_… cookie counts",
        Kind.TEXT,
        Kind.TEXT,
        ga_session_number,
        (
            Example("GS1.1.1746825440.14.0.1746825440.6.0.295082955", "14"),
            Example("GS2.1.s1747132561$o3$g0", "3"),
            Example("1747132561", None),
        ),
        may_be_missing=True,
    ),
    FilterSpec(
        "stable_client_id",
        "a client id of two numbers, always the same for a text",
        Kind.TEXT,
        Kind.TEXT,
        stable_client_id,
        (Example("anon-1", "781586524.701679916"),),
    ),
    FilterSpec(
        "fbc",
        "the _fbc cookie's form of a click id, first seen at a moment",
        Kind.TEXT,
        Kind.TEXT,
        fbc,
        (
            Example("AbC_1", "fb.1.1795554363000.AbC_1", ("2026-11-24T21:06:03Z",)),
            Example("AbC_1", "fb.1.1795554363000.AbC_1", (1_795_554_363_000,)),
            Example("", None, ("2026-11-24T21:06:03Z",)),
        ),
        (Argument("moment", Kind.NUMERIC),),
        may_be_missing=True,
    ),
    FilterSpec(
        "valid_fbc",
        "as it is if it has the form of an _fbc cookie, else missing",
        Kind.TEXT,
        Kind.TEXT,
        valid_fbc,
        (
            Example("fb.1.1735689600123.PrUeBa_0-aZ", "fb.1.1735689600123.PrUeBa_0-aZ"),
            Example("fb.1.1735689600123.", None),
        ),
        may_be_missing=True,
        lenient=True,
        cache=COOKIES,
    ),
    FilterSpec(
        "valid_fbp",
        "as it is if it has the form of an _fbp cookie, else missing",
        Kind.TEXT,
        Kind.TEXT,
        valid_fbp,
        (
            Example("fb.1.1735689600456.1029384756", "fb.1.1735689600456.1029384756"),
            Example("fb.1.1735689600456.abc", None),
        ),
        may_be_missing=True,
        lenient=True,
        cache=COOKIES,
    ),
    FilterSpec(
        "json_cookie",
        "the object of a cookie that is percent-encoded JSON, else missing",
        Kind.TEXT,
        Kind.OBJECT,
        json_cookie,
        (Example(_COOKIE, {"id": "d-1", "n": 1}), Example("x", None)),
        may_be_missing=True,
        cache=COOKIES,
    ),
)
