"""First-party cookies: what a visitor's request carries of them, and what they are given.

Only for a source with ``cookies:``, where nobody on the way can read them, and only where an event
says that it may be: the visitor's id under the category of ``cookies.consent``, the ids of ads
under ``advertising``. Who refuses loses those that they have. No script can read them.

==========  =======================================================
enc_anon    the event's ``anonymousId``
_fbp        the browser's id, made here where nobody has made one
_fbc        the click id that led here
==========  =======================================================
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import trio
from starlette.datastructures import MutableHeaders

from engine.ingest.accept import CHUNK
from engine.mapping.filters.ids import fbc, valid_fbc, valid_fbp
from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json, as_body
from engine.pipeline.browser import IN_COOKIES, subject_of, values_of
from engine.pipeline.privacy import OTHERS, stated_in
from engine.project.cookies import CookiesSpec

VISITOR, BROWSER, CLICK = "enc_anon", "_fbp", "_fbc"
ADVERTISING, ANALYTICS = "advertising", "analytics"
OF_ANALYTICS = ("_ga", "_cl", "ph_")
"""How the cookies begin that only count visits; the other known ones are of ads."""

LONGEST_ID = 200

Draw = Callable[[int], int]
"""A random number below that bound."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request whose visitor may have cookies: those they came with, and when."""

    spec: CookiesSpec
    cookies: Mapping[str, str]
    now: Millis
    draw: Draw

    async def filled(self, items: Sequence[Json]) -> list[Json]:
        """The events, each with what the cookies tell and itself lacks, as far as it grants."""
        made = self._made_browser_id()
        done: list[Json] = []
        for index, item in enumerate(items):
            if index and index % CHUNK == 0:
                await trio.lowlevel.checkpoint()
            try:
                done.append(self._filled(item, made) if isinstance(item, Mapping) else item)
            except RecursionError:
                # Nested too deeply to be looked at: it is refused by who judges it.
                done.append(item)
        return done

    def give(self, headers: MutableHeaders, items: Sequence[Json], *, kept: bool) -> None:
        """Set what the last of these events to say so grants, and take back what it refuses.

        Nothing is set where nothing was ``kept``: of a visitor who opted out, say.
        """
        stated: dict[str, bool] = {}
        for item in items:
            stated |= stated_in(as_body(as_body(item).get("context")))
        values = dict(_values(items))
        for name in (VISITOR, BROWSER, CLICK):
            granted = self._says(stated, name)
            if granted and kept and name in values:
                headers.append("Set-Cookie", self._cookie(name, values[name]))
            elif granted is False and name in self.cookies:
                headers.append("Set-Cookie", self._cookie(name, None))

    def _filled(self, item: Body, made: str) -> Body:
        context = as_body(item.get("context"))
        stated = stated_in(context)
        told = {subject_of(path) for path in values_of(item)}
        cookies = dict(as_body(context.get("cookies")))
        for name, value in {**self.cookies, **self._click(item)}.items():
            subject = subject_of(IN_COOKIES + name)
            # A click of this page is newer than the one that a cookie remembers.
            is_new = subject not in told or name == CLICK
            if subject and is_new and name not in cookies and self._says(stated, name):
                cookies[name] = value
        if BROWSER not in cookies and "fbp" not in told and self._says(stated, BROWSER):
            cookies[BROWSER] = made
        filled = dict(item)
        if cookies:
            filled["context"] = {**context, "cookies": cookies}
        visitor = self.cookies.get(VISITOR)
        if visitor and not item.get("anonymousId") and self._says(stated, VISITOR):
            filled["anonymousId"] = unquote(visitor)
        return filled

    def _says(self, stated: Mapping[str, bool], name: str) -> bool | None:
        """Whether a cookie is granted or refused; None where nothing is said of it."""
        if name == VISITOR:
            category = self.spec.consent.casefold()
        else:
            category = ANALYTICS if name.startswith(OF_ANALYTICS) else ADVERTISING
        return stated.get(category, stated.get(OTHERS))

    def _click(self, item: Body) -> Mapping[str, str]:
        """The cookie of the click in the page's address; the one they have, if it is the same."""
        click_id = values_of(item).get("context.fbclid")
        if not isinstance(click_id, str):
            return {}
        had = self.cookies.get(CLICK, "")
        value = had if f".{click_id}" in had else fbc(click_id, self.now)
        return {CLICK: value} if value else {}

    def _made_browser_id(self) -> str:
        had = self.cookies.get(BROWSER, "")
        return had if valid_fbp(had) else f"fb.1.{self.now}.{self.draw(2**31 - 1) + 1}"

    def _cookie(self, name: str, value: str | None) -> str:
        """A cookie that no script can read; without a value the browser forgets it."""
        seconds = 0 if value is None else self.spec.max_age_ms // 1000
        domain = f"; Domain={self.spec.domain}" if self.spec.domain else ""
        return (
            f"{name}={quote(value or '', safe='')}; Max-Age={seconds}; Path=/{domain}"
            "; HttpOnly; Secure; SameSite=Lax"
        )


def _values(items: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """What the events have for each cookie, later ones last."""
    for item in items:
        body = as_body(item)
        context = as_body(body.get("context"))
        cookies = as_body(context.get("cookies"))
        visitor = body.get("anonymousId")
        if isinstance(visitor, str) and 0 < len(visitor.strip()) <= LONGEST_ID:
            yield VISITOR, visitor.strip()
        for name, given, is_valid in ((BROWSER, "fbp", valid_fbp), (CLICK, "fbc", valid_fbc)):
            for value in (context.get(given), cookies.get(name)):
                if isinstance(value, str) and is_valid(value):
                    yield name, value
