"""Files of ``rules/derived/`` that would make events of their own events without end."""

from collections.abc import Sequence

from engine.model.document import Place
from engine.model.finding import Finding, error
from engine.release.derived import Derived

GLOB = frozenset("*?[")


def circles(built: Sequence[Derived]) -> list[Finding]:
    """What is said of each file that is made from what it makes itself."""
    leads_to = {
        one.name: {
            other.name
            for other in built
            for emit in one.emits
            # A name that an expression gives may be any that another file takes by name.
            if (emit.name in other.takes.events if emit.name else _by_name(other))
        }
        for one in built
    }
    findings = []
    for one in built:
        reached, ahead = set[str](), set(leads_to[one.name])
        while ahead:
            reached |= ahead
            ahead = {two for name in ahead for two in leads_to[name]} - reached
        if one.name in reached:
            path = one.document.place("from", "event")
            message = f"{one.name} is made from what it makes itself, without end"
            hint = "take an event in from: that no file behind this one makes"
            if (unnamed := _unnamed(one)) is not None:
                path = unnamed
                message = (
                    f"an expression names the event that {one.name} makes, so it may be one that "
                    "it is made from, without end"
                )
                hint = "write the name of each event that is made: several emit:, each with a when:"
            findings.append(error("E182", path, message, hint))
    return findings


def _unnamed(derived: Derived) -> Place | None:
    """Where an event that is made gets its name from an expression, if one does."""
    return next((one.place for one in derived.emits if one.name is None), None)


def _by_name(derived: Derived) -> bool:
    return any(not GLOB & set(one) for one in derived.takes.events)
