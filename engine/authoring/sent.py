"""What each destination is sent of each event of the plan, read from the rules themselves."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.mapping.fragments import taken_in
from engine.mapping.tree import Branch, Constant, Items, Leaf, Loop, Tree
from engine.model.clock import Millis
from engine.model.event import Event, Inbound, Source
from engine.model.jsonvalue import as_body
from engine.pipeline.decide import look_up, names_for
from engine.pipeline.normalise import normalise
from engine.pipeline.scope import view
from engine.release.destination import Destination
from engine.release.plan import PlannedEvent
from engine.release.release import Release
from engine.release.routes import Rule

HEAD = """# What is sent where

Made by `encamina docs destinations` from the rules, so it is what is sent and not what was meant. \
A field stands here if a rule can give it; it goes only if the event has what it is made of."""

LIST = "[]"

LONGEST_CONDITION = 90

EXAMPLES = Source("examples")
FAR_FUTURE = Millis(10**13)
"""When the examples come in: after all of them happened."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule that an event meets: the vendor's name for it and the fields, or why nothing goes.

    ``condition`` is its ``when:``; without it the rules after this one are not met.
    """

    event: str
    rule: Rule
    name: str
    fields: frozenset[tuple[str, ...]]
    condition: str

    @property
    def drop(self) -> str | None:
        """The reason why nothing is sent."""
        return self.rule.drop


def destinations_page(release: Release) -> str:
    """The page for a project, as Markdown."""
    told = [(one, lines_of(release, one)) for one in release.destinations]
    lines = [HEAD, "", *_overview(release, told)]
    for destination, rows in told:
        lines += ["", *_section(destination, rows)]
    return "\n".join(lines) + "\n"


def lines_of(release: Release, destination: Destination) -> list[Line]:
    """Every rule that an event of the plan can meet at a destination, by title."""
    return [
        line
        for planned in _by_title(release)
        if (event := _example(planned)) is not None
        for line in _met(destination, planned, event)
    ]


def _by_title(release: Release) -> list[PlannedEvent]:
    return sorted(release.plan.events, key=lambda planned: planned.title)


def _example(planned: PlannedEvent) -> Event | None:
    examples = planned.schema.get("examples")
    if not isinstance(examples, list) or not examples:
        return None
    body = as_body(examples[0])
    return normalise(Inbound(EXAMPLES, body, FAR_FUTURE), body)


def _met(destination: Destination, planned: PlannedEvent, event: Event) -> Iterator[Line]:
    for rule in destination.routes.of(event):
        condition = rule.document.at("when").value
        yield Line(
            planned.title,
            rule,
            _name(destination, rule, event),
            frozenset(_paths(rule.tree, rule)) if rule.tree is not None else frozenset(),
            "" if condition is None else _shortened(str(condition)),
        )
        if condition is None and not rule.also:
            return


def _shortened(condition: str) -> str:
    text = " ".join(condition.strip("{} ").split())
    return text if len(text) <= LONGEST_CONDITION else f"{text[: LONGEST_CONDITION - 1]}…"


def _name(destination: Destination, rule: Rule, event: Event) -> str:
    """The vendor's name for the event, as the rule makes it of the plan's example."""
    if rule.template is None or destination.event_name is None:
        return ""
    names = names_for(destination, event, view(event, EXAMPLES), Millis(0))
    if rule.each is not None:
        names[rule.each.name] = {}
    found = look_up(as_body(rule.template.render(names).value), destination.event_name)
    return "" if found is None else str(found)


def _paths(tree: Tree, rule: Rule, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    match tree:
        case Branch():
            whole = taken_in(tree, rule.fragments)[0]
            if not isinstance(whole, Branch):
                yield from _paths(whole, rule, above)
                return
            if whole.merged is not None:
                yield (*above, "…")
            for key, part in whole.members.items():
                yield from _paths(part, rule, (*above, key))
        case Items(items):
            for item in items:
                yield from _paths(item, rule, (*above, LIST))
        case Loop(body=body):
            yield from _paths(body, rule, (*above, LIST))
        case Constant(value=None):
            return
        case Constant() | Leaf():
            yield above


def _overview(
    release: Release, told: Sequence[tuple[Destination, Sequence[Line]]]
) -> Iterator[str]:
    yield _row(("event", *(one.name for one, _ in told)))
    yield "| --- |" + " :-: |" * len(told)
    for planned in _by_title(release):
        marks = [
            "●" if any(one.event == planned.title and one.drop is None for one in lines) else ""
            for _, lines in told
        ]
        yield _row((planned.title, *marks))


def _section(destination: Destination, lines: Sequence[Line]) -> Iterator[str]:
    yield f"## {destination.title}"
    yield ""
    yield ". ".join(_facts(destination)) + "."
    sent = [line for line in lines if line.drop is None]
    usual = _usual(sent)
    if usual:
        yield ""
        yield f"With nearly every event: `{_compact(usual)}`."
    yield from ("", _row(("event", "sent as", "with")), "| --- | --- | --- |")
    for line in sent:
        when = f" when `{line.condition}`" if line.condition else ""
        name = f"`{line.name}`" if line.name else "●"
        yield _row((line.event, f"{name}{when}", _unusual(line, usual)))
    yield from _dropped(lines)


def _usual(sent: Sequence[Line]) -> frozenset[tuple[str, ...]]:
    """The fields that nearly every rule gives."""
    counts = Counter(path for line in sent for path in line.fields)
    return frozenset(path for path, count in counts.items() if count > 0.8 * len(sent))


def _unusual(line: Line, usual: frozenset[tuple[str, ...]]) -> str:
    more, less = line.fields - usual, usual - line.fields
    words = [f"`{_compact(more)}`"] if more else []
    return ", ".join([*words, *([f"without `{_compact(less)}`"] if less else [])])


def _dropped(lines: Sequence[Line]) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        if line.drop is not None:
            reasons.setdefault((line.drop, line.condition), []).append(line.event)
    if reasons:
        yield from ("", _row(("not sent", "because")), "| --- | --- |")
    for (reason, condition), events in reasons.items():
        when = f", when `{condition}`" if condition else ""
        yield _row((", ".join(events), f"{reason}{when}"))


def _facts(destination: Destination) -> Iterator[str]:
    needed = destination.consent
    if needed.all:
        yield f"Needs consent to {' and '.join(needed.all)}"
    elif needed.any:
        yield f"Needs consent to {' or '.join(needed.any)}"
    else:
        yield "Needs no consent"
    key = destination.dedupe
    yield f"A repeat is known by `{'.'.join(key)}`" if key else "A repeat may count twice"
    yield f"IP address: {destination.ip}"


def _compact(paths: frozenset[tuple[str, ...]]) -> str:
    """The paths as one text: ``custom_data.{currency, contents[].{id, quantity}}``."""
    tree: dict[str, object] = {}
    for path in sorted(paths):
        place = tree
        for step in path:
            place = place.setdefault(step, {})  # type: ignore[assignment]  # made just here
    return ", ".join(_branches(tree))


def _branches(tree: Mapping[str, object]) -> Iterator[str]:
    for key, below in tree.items():
        inner = list(_branches(below)) if isinstance(below, dict) else []
        if isinstance(below, dict) and LIST in below:
            key += LIST  # noqa: PLW2901 - a list is written behind its key
            inner = list(_branches(below[LIST])) if isinstance(below[LIST], dict) else []
        match inner:
            case []:
                yield key
            case [one]:
                yield f"{key}.{one}"
            case _:
                yield f"{key}.{{{', '.join(inner)}}}"


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
