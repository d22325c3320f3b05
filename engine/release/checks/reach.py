"""Rules that no event can reach, and rules for events that the plan does not know."""

from collections.abc import Iterator

from engine.model.finding import Finding, error, warning
from engine.model.names import did_you_mean
from engine.project.spec import MatchSpec, Project
from engine.release.release import Release
from engine.release.routes import Rule


def check_reach(project: Project, release: Release) -> list[Finding]:
    """An error for each rule behind one that takes everything it would take."""
    findings: list[Finding] = []
    for destination in release.destinations:
        findings += _unreachable(destination.routes.rules)
        for rule in destination.routes.rules if project.whole else ():
            findings += _unplanned(rule, release)
    return findings


def _unreachable(rules: tuple[Rule, ...]) -> Iterator[Finding]:
    for index, rule in enumerate(rules):
        for earlier in rules[:index]:
            if earlier.when is None and not earlier.also and _covers(earlier.match, rule.match):
                yield error(
                    "E301",
                    rule.place,
                    f"rule {rule.name} is never reached: {earlier.name} at line "
                    f"{earlier.place.line} takes all that it would match",
                    f"move {rule.name} above {earlier.name}, or give {earlier.name} a when:",
                )
                break


def _covers(wide: MatchSpec, narrow: MatchSpec) -> bool:
    """Whether everything that ``narrow`` matches is matched by ``wide`` too."""
    return all(
        list_covers(one, other)
        for one, other in (
            (wide.type, narrow.type),
            (wide.event, narrow.event),
            (wide.source, narrow.source),
        )
    )


def list_covers(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Whether each value that ``narrow`` takes is taken by ``wide`` too; none take all."""
    if not wide or "*" in wide:
        return True
    return bool(narrow) and all(any(_glob_covers(one, other) for one in wide) for other in narrow)


def _glob_covers(wide: str, narrow: str) -> bool:
    """Whether a value or glob covers another.

    Question marks and sets are not looked into: it may say no where a person would say yes, and
    never the other way round.
    """
    if wide == narrow:
        return True
    plain = wide.removesuffix("*")
    is_prefix = plain != wide and not set(plain) & set("*?[")
    return is_prefix and narrow.startswith(plain)


def _unplanned(rule: Rule, release: Release) -> Iterator[Finding]:
    """A warning for an event name that no schema knows but that is close to one that it does."""
    if rule.match.type and "track" not in rule.match.type:
        return
    planned = [name for event in release.plan.events for name in event.names]
    for name in rule.match.event:
        if name in planned or set(name) & set("*?["):
            continue
        hint = did_you_mean(name, planned)
        yield warning(
            "W302",
            rule.document.place("match", "event"),
            f'no event "{name}" in the tracking plan',
            hint or "write schemas/events/ for it, so that its fields are checked",
        )
