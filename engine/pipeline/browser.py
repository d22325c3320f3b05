"""What of an event is remembered of its browser, and which values say the same thing.

A subject is what a value tells: a click, say, is told by ``fbc``, by the cookie ``_fbc``, by
``fbclid``, and by the address of the page. An event that tells of a subject in one form is given
no other form of it. All forms: docs/people.md.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from engine.codec.body import dumps, loads
from engine.mapping.filters.ids import ga_client_id
from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import Remembered

ADDRESS, AGENT, CLICK, CLIENT = "address", "agent", "click", "client"
SESSION, VISITOR, REPLAY = "session", "visitor", "replay"

KEYS: Mapping[str, str] = {
    "ip": ADDRESS,
    "userAgent": AGENT,
    "fbp": "fbp",
    "fbc": CLICK,
    "fbclid": CLICK,
    "gclid": "gclid",
    "gbraid": "gclid",
    "wbraid": "gclid",
    "dclid": "dclid",
    "msclkid": "msclkid",
    "ttclid": "ttclid",
    "ttp": "ttp",
    "epik": "epik",
    "ga_client_id": CLIENT,
    "ga_session_id": SESSION,
    "sessionId": "visit",
    "posthog": VISITOR,
    "clarity": REPLAY,
}
"""The keys of ``context`` that are remembered, and the subject of each."""

COOKIES: Mapping[str, str] = {
    "_fbp": "fbp",
    "_fbc": CLICK,
    "_ga": CLIENT,
    "_gcl_aw": "gclid",
    "_gcl_au": "gcl_au",
    "_ttp": "ttp",
    "ttclid": "ttclid",
    "_epik": "epik",
    "_clck": REPLAY,
    "_clsk": "replayed-visit",
}
PREFIXES: Mapping[str, str] = {"_ga_": SESSION, "ph_": VISITOR}
"""The cookies that are remembered: never the whole jar, which holds the shop's own sessions."""

IN_URLS = ("fbclid", "gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "epik")
"""The parameters of a landing page that are the click which led to it."""

IN_A_URL = re.compile(rf"[?&](?:{'|'.join(IN_URLS)})=")

BROWSER_IDS = frozenset({"fbp", CLIENT, REPLAY, "ttp", AGENT})
"""Subjects that tell one browser from another; a visitor's id changes when they log in."""

CHANGED_BY_LOGIN = frozenset({VISITOR, SESSION, "visit"})
"""Subjects that are one user's on a browser that others use too."""

CLICKS = frozenset({CLICK, "gclid", "dclid", "msclkid", "ttclid", "epik"})
"""Subjects that are of whoever used the browser when they were first seen."""

BROWSERS = ("Mozilla/", "Opera/")
"""How every browser's user agent begins: another one is a server's, or an app's."""

SHORT = frozenset({SESSION, "visit", "replayed-visit"})
"""Subjects that end with the visit."""

HOLD_A_SESSION = frozenset({VISITOR, REPLAY})
"""Subjects whose values have the id of the visit beside that of the visitor."""

CONTEXT, IN_COOKIES = "context.", "context.cookies."
PATHS = {key: CONTEXT + key for key in KEYS}
LONGEST = 4_096
MOST = 40
"""Values of one browser, each at most so many characters: far more than any browser has."""

SESSION_KEYS = ("$sesid", "session_id", "sessionId", "$session_id", "window_id", "$window_id")


@lru_cache(maxsize=1_000)
def subject_of(path: str) -> str:
    """The subject of a remembered value, by its path; the empty text for what is not remembered."""
    if path.startswith(IN_COOKIES):
        name = path[len(IN_COOKIES) :]
        found = COOKIES.get(name)
        if found is None:
            found = next((one for prefix, one in PREFIXES.items() if name.startswith(prefix)), "")
        return found
    return KEYS.get(path.removeprefix(CONTEXT), "")


@lru_cache(maxsize=1_000)
def _cookie_path(name: str) -> str:
    """The path of a cookie that is remembered, else the empty text."""
    path = IN_COOKIES + name
    return path if subject_of(path) else ""


def values_of(body: Body) -> dict[str, Json]:
    """What an event tells of its browser, by path; a click id in the page's address too."""
    context = as_body(body.get("context"))
    found: dict[str, Json] = {}
    for key, value in context.items():
        if (path := PATHS.get(key)) is not None and _fits(value):
            found[path] = value
    if "cookies" in context:
        for name, value in as_body(context["cookies"]).items():
            if (path := _cookie_path(name)) and _fits(value):
                found[path] = value
    for name, click in _clicks(body, context):
        found[CONTEXT + name] = click
    return found


def same_browser(
    own: Mapping[str, Json],
    remembered: Mapping[str, Remembered],
    subjects: frozenset[str] = BROWSER_IDS,
) -> bool:
    """Whether no id of the event's own says that it came from another browser.

    The user agent of a payment service says nothing of its customer's browser.
    """
    ids = {
        subject: _identity(subject, value)
        for path, value in own.items()
        if (subject := subject_of(path)) in subjects
        and (subject != AGENT or str(value).startswith(BROWSERS))
    }
    return all(
        ids[subject] == _identity(subject, one.value)
        for path, one in remembered.items()
        if (subject := subject_of(path)) in ids
    )


def is_of_stay(subject: str, one: Remembered, since: Millis, until: Millis | None) -> bool:
    """Whether a value is of the user who had the browser in that time; most are anybody's."""
    if subject in CHANGED_BY_LOGIN:
        seen = one.at
    elif subject in CLICKS:
        seen = one.since
    else:
        return True
    return seen >= since and (until is None or seen < until)


def without_session(value: Json) -> Json:
    """A visitor's ids without those of the visit: an object, or a cookie that holds one."""
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if key not in SESSION_KEYS}
    if not isinstance(value, str) or not any(key in unquote(value) for key in SESSION_KEYS):
        return value
    try:
        cookie = as_body(loads(unquote(value).encode()))
    except ValueError:
        return ""
    return quote(dumps(without_session(cookie)))


def _fits(value: Json) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST
    if isinstance(value, Mapping):
        return len(dumps(value)) <= LONGEST
    return isinstance(value, int | float) and not isinstance(value, bool)


def _clicks(body: Body, context: Body) -> Iterable[tuple[str, str]]:
    url = as_body(context.get("page")).get("url")
    if url is None and body.get("type") == "page":
        url = as_body(body.get("properties")).get("url")
    # Few addresses have a query, so it is rarely taken apart.
    if not isinstance(url, str) or "?" not in url or not IN_A_URL.search(url):
        return ()
    try:
        query = parse_qsl(urlsplit(url).query)
    except ValueError:
        return ()
    return [(name, value) for name, value in query if name in IN_URLS and _fits(value)]


def _identity(subject: str, value: Json) -> Json:
    """What stays the same of an id, in whatever form it comes."""
    if subject == CLIENT:
        found: Json = ga_client_id(str(value))
        return found
    if subject == REPLAY:
        if isinstance(value, Mapping):
            return value.get("user_id")
        return str(value).replace("|", "^").split("^")[0]
    return value
