"""Files of ``rules/derived/``, held against the tracking plan: what they take, read and make."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from engine.mapping.compile import Read, Template
from engine.mapping.tree import Branch
from engine.model.finding import Finding, error, warning
from engine.model.names import did_you_mean
from engine.project.spec import Project
from engine.release.checks.derived_fit import Fit, no_field
from engine.release.checks.fields import unknown_fields
from engine.release.checks.reach import list_covers
from engine.release.derived import Derived, Emit
from engine.release.plan import PlannedEvent
from engine.release.release import Release
from engine.release.takes import Takes
from engine.schema.fields import Fields

GLOB = frozenset("*?[")
SAME = frozenset(("tables",))
"""Names that give the same for every event."""


def check_derived(project: Project, release: Release) -> list[Finding]:
    """Findings about events that nobody sends, fields that none has, and events off the plan."""
    if not project.whole:
        return []
    schemas = {path: file.schema for path, file in project.schemas.items()}
    fields = {one.path: Fields(one.path, schemas) for one in release.plan.events}
    findings: list[Finding] = []
    for derived in release.derived:
        findings += _untold(derived, release)
        findings += [*_ended(derived), *_constant(derived), *_keyless(derived, release, fields)]
        events = _planned(derived.takes, release)
        of_events = [fields[one.path] for one in events]
        if events:
            findings += unknown_fields(_reads(derived), events, of_events)
        is_sure = len(events) == len(derived.takes.events)
        fit = Fit(derived, of_events if is_sure else (), schemas)
        findings += [*fit.summed(), *(fit.filled(events) if is_sure else ())]
        if derived.without is not None and derived.without_when is not None:
            ends = _planned(derived.without, release)
            reads = derived.without_when.template.reads if ends else ()
            findings += unknown_fields(reads, ends, [fields[one.path] for one in ends])
        for emit in derived.emits:
            findings += _made(fit, emit, release, fields)
    return findings


def _untold(derived: Derived, release: Release) -> Iterator[Finding]:
    """Names of events that the plan doesn't have, nearly always misspelt."""
    known = [name for event in release.plan.events for name in event.names]
    takers = (("from", derived.takes), ("without", derived.without))
    for key, takes in takers:
        for name in takes.events if takes is not None else ():
            is_glob = bool(GLOB & set(name))
            if name in known or (is_glob and any(fnmatchcase(one, name) for one in known)):
                continue
            message = f'no event "{name}" in the tracking plan'
            if is_glob:
                message = f'no event of the tracking plan fits "{name}"'
            hint = _nearest(name, known) or "write schemas/events/ for it"
            yield warning("W302", derived.document.place(key, "event"), message, hint)


def _nearest(name: str, known: Sequence[str]) -> str:
    """What a misspelt name, or the words that a misspelt glob begins with, most likely mean."""
    bare = name.strip("*? ")
    words = len(bare.split())
    return did_you_mean(
        bare, known if bare == name else [" ".join(one.split()[:words]) for one in known]
    )


def _ended(derived: Derived) -> Iterator[Finding]:
    """Events that end the wait which they are to begin: what ends it never counts."""
    begins, ends = derived.takes, derived.without
    if ends is None or derived.without_when is not None:
        return
    place = derived.document.key_place("without")
    types = [("track",) if one.events else one.types for one in (ends, begins)]
    if (
        list_covers(types[0], types[1])
        and list_covers(ends.events, begins.events)
        and list_covers(ends.sources, begins.sources)
    ):
        message = "without: takes every event of from:, so none ever counts, and nothing falls due"
        yield error("E183", place, message, "name in without: what is not to come")
        return
    both = [name for name in begins.events if name in ends.events]
    if both and list_covers(ends.sources, begins.sources):
        message = f'"{both[0]}" stands in from: and in without:: it ends the wait, and never counts'
        hint = "take it out of one of them, or give without: a when:"
        yield warning("W183", place, message, hint)


def _constant(derived: Derived) -> Iterator[Finding]:
    """Values that are the same for every event, where they are to tell events apart."""
    written = derived.document.at("key")
    keys = zip(derived.keys, [*written.elements()] or [written], strict=True)
    apart = [("key", "all have one window", *one) for one in keys]
    apart += [("once", "one event counts at all", derived.once, derived.document.at("once"))]
    for figure in derived.figures:
        by = derived.document.at("figures").at(figure.name).at("by")
        apart.append(("by", "a list has one line at most", figure.by, by))
    for key, effect, template, document in apart:
        if template is not None and template.names <= SAME:
            message = f"{key}: is the same for every event, so {effect}"
            hint = 'write an expression over the event, such as "{{ properties.order_id }}"'
            yield error("E184", document.place(), message, hint)


def _keyless(derived: Derived, release: Release, fields: dict[str, Fields]) -> Iterator[Finding]:
    """Events that are named, and whose schema has no field that any key reads."""
    if derived.by_person:
        return
    keys = [template.reads for template in derived.keys if template is not None]
    for key, takes in (("from", derived.takes), ("without", derived.without)):
        for event in () if takes is None else _planned(takes, release):
            schema = fields[event.path]
            if not all(_has_none(reads, event, schema) for reads in keys):
                continue
            effect = "counts nowhere" if key == "from" else "ends no wait"
            message = f"{event.title} has no field that key: reads, so it {effect}"
            hint = "add a key that it has: key: takes a list"
            yield warning("W184", derived.document.place(key, "event"), message, hint)


def _has_none(reads: Sequence[Read], event: PlannedEvent, schema: Fields) -> bool:
    """Whether a schema has none of the fields that a key reads."""
    return bool(reads) and all([*unknown_fields([read], [event], [schema])] for read in reads)


def _planned(takes: Takes, release: Release) -> list[PlannedEvent]:
    """The schemas of the events that are taken; none where others may be too."""
    if not takes.events or any(GLOB & set(name) for name in takes.events):
        return []
    found = [release.plan.schema_for("track", name) for name in takes.events]
    return [one for one in found if one is not None]


def _reads(derived: Derived) -> list[Read]:
    """Every look-up that is made into an event."""
    templates: list[Template | None] = [*derived.keys, derived.once, derived.fill]
    templates += [one.template for one in derived.emits]
    conditions = [derived.when, *(one.when for one in derived.emits)]
    for figure in derived.figures:
        templates += [figure.of, figure.by, figure.set]
        conditions += [figure.drop, None if figure.add is None else figure.add.when]
    templates += [one.template for one in conditions if one is not None]
    return [read for one in templates if one is not None for read in one.reads]


def _made(fit: Fit, emit: Emit, release: Release, fields: dict[str, Fields]) -> Iterator[Finding]:
    if emit.name is None or not isinstance(emit.tree, Branch) or emit.tree.merged is not None:
        return
    planned = release.plan.schema_for("track", emit.name)
    if planned is None:
        message = f'{fit.derived.name} makes "{emit.name}", which is not in the tracking plan'
        hint = "write schemas/events/ for it, so that its fields are checked"
        yield warning("W302", emit.place, message, hint)
        return
    yield from fit.made(emit, planned, fields[planned.path])
    given = emit.tree.members.get("properties")
    known = fields[planned.path].names_at(("properties",))
    if not isinstance(given, Branch) or known is None:
        return
    for name in sorted(given.members.keys() - known):
        yield no_field(name, known, planned.title, emit.place)
