"""What a person consented to, and what of their data a destination may have."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from engine.mapping.filters.web import address_of
from engine.model.event import Inbound
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import Consent
from engine.project.spec import ConsentSpec

OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IPV4 = re.compile(rf"((?:{OCTET}\.){{3}}){OCTET}", re.ASCII)

OTHERS = "*"
"""Stands for every category that a list of granted names leaves out."""

CATEGORIES = ("advertising", "analytics", "functional")
"""What rules see refused where a list of granted names leaves it out.

``ad_personalization`` and ``sale_of_data`` only narrow ``advertising``: who grants that in a list
was mostly never asked for them, so they are refused in so many words or not at all.
"""

SPELLINGS = {
    "adpersonalization": "ad_personalization",
    "ad-personalization": "ad_personalization",
    "saleofdata": "sale_of_data",
    "sale-of-data": "sale_of_data",
}
"""Other spellings of categories: ``saleOfData`` is written as the keys beside it are."""


OURS = ("basis", "assumed")
"""What Encamina alone writes into ``context.consent``: whose word it was, and what is assumed."""

OURS_IN_CONTEXT = frozenset({"derived", "filled", "posted"})
"""What Encamina alone writes into ``context``: what an event was made of, filled in, came as."""

NOT_OF_A_MAPPING = OURS_IN_CONTEXT - {"posted"}
"""Of these, what a mapping of ``rules/inbound/`` doesn't write."""


def consent_of(body: Body) -> Consent:
    """What the event itself states, from ``context.consent.categoryPreferences``.

    In an object, what is left out is unknown; in a list of granted names it is refused.
    """
    return Consent(stated_in(as_body(body.get("context"))))


def stated_in(context: Body) -> dict[str, bool]:
    """The categories of the consent in an event's context."""
    if "consent" not in context:
        return {}
    stated = as_body(context["consent"]).get("categoryPreferences")
    # Asked in this order, as nearly all are the first (tests.bench).
    if isinstance(stated, (dict, Mapping)):
        said: dict[str, bool] = {}
        for key, value in stated.items():
            # Of two spellings the refusal counts, and what is no boolean grants nothing.
            folded = key.casefold()
            name = SPELLINGS.get(folded, folded)
            said[name] = value is True and said.get(name, True)
        return said
    if isinstance(stated, list):
        granted = {category_of(name) for name in stated if isinstance(name, str)}
        return dict.fromkeys((*CATEGORIES, OTHERS), False) | dict.fromkeys(granted, True)
    return {}


def as_told(inbound: Inbound, ours: frozenset[str] = OURS_IN_CONTEXT) -> Inbound:
    """What came, without ``OURS`` and ``ours``, which Encamina alone writes into ``context``.

    Who sends could otherwise have us assume what they like.
    """
    body = inbound.body
    # Asked of each event, in 0.5 us; nearly none has any of them (tests.bench).
    if not isinstance(body, (dict, Mapping)) or "context" not in body:
        return inbound
    context = as_body(body["context"])
    consent = as_body(context["consent"]) if "consent" in context else {}
    if ours.isdisjoint(context) and "assumed" not in consent and "basis" not in consent:
        return inbound
    rest = {name: value for name, value in consent.items() if name not in OURS}
    kept = {name: value for name, value in context.items() if name not in {*ours, "consent"}}
    if rest:
        kept["consent"] = rest
    return replace(inbound, body={**body, "context": kept})


def with_assumed(consent: Mapping[str, Json], context: Body) -> Mapping[str, Json]:
    """What holds, with what is assumed of categories that nobody said anything of.

    Ingest writes it into ``context.consent.assumed``, where a source has a default.
    """
    assumed = as_body(context["consent"]).get("assumed") if "consent" in context else None
    if not assumed or OTHERS in consent:
        return consent
    return {**{name.casefold(): one is True for name, one in as_body(assumed).items()}, **consent}


def category_of(name: str) -> str:
    """The category that a name stands for, however it is spelt."""
    folded = name.casefold()
    return SPELLINGS.get(folded, folded)


def may_have(consent: Consent, spec: ConsentSpec) -> bool:
    """Whether a destination that needs ``spec`` may have an event of someone with ``consent``.

    ``when_missing: region`` is read as deny: no region is known yet to allow it.
    """
    return is_granted(consent.categories, spec)


def is_granted(stated: Body, spec: ConsentSpec) -> bool:
    """``may_have`` of what was stated of each category, by its name in lower case."""
    missing = stated.get(OTHERS, spec.when_missing == "allow")
    for category in spec.all:
        if not stated.get(category, missing):
            return False
    return not spec.any or any(stated.get(one, missing) for one in spec.any)


def context_for(context: Body, ip: str) -> Body:
    """The event's context with the IP as a destination may have it: full, truncated or none."""
    if ip == "full" or "ip" not in context:
        return context
    if ip == "truncated" and (kept := truncated(context["ip"])):
        return {**context, "ip": kept}
    return {key: value for key, value in context.items() if key != "ip"}


def truncated(ip: Json) -> str | None:
    """The network an address is in: the last octet (IPv4) or all but 48 bits (IPv6) are zero."""
    # A text of four short numbers is nearly all that comes: 0.3 us where ipaddress takes 10.
    if isinstance(ip, str) and (match := IPV4.fullmatch(ip)) is not None:
        return f"{match[1]}0"
    address = address_of(str(ip))
    if address is None:
        return None
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)
