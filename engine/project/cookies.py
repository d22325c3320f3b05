"""``cookies:`` of a source, as written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CookiesSpec:
    """The cookies that visitors are given; without ``domain`` they are of the server's own host.

    ``consent`` is the category that must be granted before a visitor's id is set.
    """

    domain: str | None
    max_age_ms: int
    consent: str
