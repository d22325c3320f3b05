"""Files of ``rules/derived/``, compiled: figures of events by a key, and what is made of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from engine.mapping.compile import (
    Condition,
    Template,
    compile_condition,
    compile_tree,
    compile_value,
    compile_whole,
)
from engine.mapping.scope import ScopeSpec
from engine.mapping.tree import Tree, parse_tree
from engine.model.cache import Caches
from engine.model.clock import Millis
from engine.model.document import Document, Place
from engine.model.finding import Finding, error, has_errors
from engine.model.jsonvalue import Body, as_body
from engine.model.names import did_you_mean
from engine.model.window import GROUP
from engine.project.derived import DerivedSpec, EmitSpec, FigureSpec
from engine.project.spec import Project
from engine.project.units import parse_duration
from engine.release.destination import Mode
from engine.release.scope import OF_EVENT
from engine.release.settings import render_text
from engine.release.takes import Takes

PERSON = "person"
MODES = (Mode.LIVE, Mode.OFF)
SHORTEST_MS = 1_000
NAMES = [*OF_EVENT, "tables"]

Part = TypeVar("Part", Condition, Template)


@dataclass(frozen=True, slots=True)
class Add:
    """The number of a list's lines that is added up, and for which events; None for all."""

    number: str
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; ``of`` is what it takes of an event, None where it counts each."""

    name: str
    verb: str
    of: Template | None
    over_ms: int | None
    by: Template | None
    set: Template | None
    drop: Condition | None
    add: Add | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """An event that is made; ``name`` is the event's where it stands in the file."""

    on: str
    when: Condition | None
    template: Template
    tree: Tree
    name: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Derived:
    """A file of ``rules/derived/``, ready to run.

    ``keys`` are templates, None where the person is meant; those at ``by_person`` ask whom an event
    is about. With ``within_ms`` something falls due, unless an event ``without`` comes for which
    ``without_when`` holds. ``filled`` are the properties that ``fill`` gives.
    """

    name: str
    mode: Mode
    takes: Takes
    when: Condition | None
    without: Takes | None
    without_when: Condition | None
    within_ms: int | None
    keys: tuple[Template | None, ...]
    by_person: frozenset[int]
    once: Template | None
    figures: tuple[Figure, ...]
    fill: Template | None
    filled: tuple[str, ...]
    emits: tuple[Emit, ...]
    show: Template | None
    starts_anew: bool
    tables: Body
    place: Place
    document: Document

    @property
    def group(self) -> str:
        """Its name as a reader of the log."""
        return f"{GROUP}{self.name}"

    def due(self, received_at: Millis, timestamp: Millis) -> Millis | None:
        """When it falls due if nothing comes after an event."""
        if self.within_ms is None:
            return None
        return Millis(max(received_at, timestamp) + self.within_ms)


def build_derived(project: Project, caches: Caches) -> tuple[tuple[Derived, ...], list[Finding]]:
    """The compiled files; those with faults are left out and told."""
    built = []
    findings: list[Finding] = []
    for spec in project.derived:
        one, faults = _Building(project.env, caches, []).derived(spec)
        findings += faults
        if one is not None:
            built.append(one)
    return tuple(built), findings


@dataclass(slots=True)
class _Building:
    """Compiles the parts of one file, and collects what is wrong with them."""

    env: Mapping[str, str]
    caches: Caches
    findings: list[Finding]

    def derived(self, spec: DerivedSpec) -> tuple[Derived | None, list[Finding]]:
        figures = frozenset(one.name for one in spec.figures)
        closed = {"tables": frozenset(key for key, _ in spec.tables.items())}
        before = ScopeSpec(frozenset(NAMES), closed)
        after = ScopeSpec(before.names | {"figures", "due"}, {**closed, "figures": figures})
        shown = ScopeSpec(frozenset({"figures", "tables"}), {**closed, "figures": figures})
        mode = self._mode(spec)
        within_ms = self._within_ms(spec.within)
        when = self._made(compile_condition, spec.when, before)
        without_when = self._made(compile_condition, spec.document.at("without").at("when"), before)
        of_key = ScopeSpec(before.names | {PERSON}, closed)
        keys = tuple(
            None if _is_person(one) else self._made(compile_value, one, of_key) for one in spec.keys
        )
        by_person = frozenset(at for at, one in enumerate(keys) if one is None or _asks_whom(one))
        once = self._made(compile_value, spec.once, before)
        compiled = tuple(self._figure(one, before) for one in spec.figures)
        fill = self._tree(spec.fill, after)
        emits = tuple(one for spec_ in spec.emits if (one := self._emit(spec_, after)))
        show = self._tree(spec.show, shown)
        if has_errors(self.findings):
            return None, self.findings
        return Derived(
            spec.name,
            mode,
            Takes.of(spec.takes),
            when,
            None if spec.without is None else Takes.of(spec.without),
            without_when,
            within_ms,
            keys,
            by_person,
            once,
            compiled,
            fill,
            tuple(name for name, _ in spec.fill.items()),
            emits,
            show,
            spec.starts_anew,
            as_body(spec.tables.value),
            spec.document.place("derived"),
            spec.document,
        ), self.findings

    def _mode(self, spec: DerivedSpec) -> Mode:
        if spec.mode.value is None:
            return Mode.LIVE
        text, faults = render_text(spec.mode, self.env)
        self.findings += faults
        if text in MODES:
            return Mode(text)
        if not faults:
            hint = did_you_mean(text, MODES) or f"write one of {', '.join(MODES)}"
            self.findings.append(error("E311", spec.mode.place(), f'unknown mode "{text}"', hint))
        return Mode.OFF

    def _within_ms(self, document: Document) -> int | None:
        if document.value is None:
            return None
        text, faults = render_text(document, self.env)
        self.findings += faults
        if faults:
            return None
        try:
            found = parse_duration(text)
        except ValueError as fault:
            said = text or "empty (is what it reads of env set?)"
            self.findings.append(error("E150", document.place(), f"within is {said}, {fault}"))
            return None
        if found < SHORTEST_MS:
            message = f"within is {text}, less than a second"
            self.findings.append(error("E150", document.place(), message, "write 1s or more"))
        return found

    def _figure(self, spec: FigureSpec, names: ScopeSpec) -> Figure:
        of: Template | None = None
        if spec.verb == "count":
            condition = (
                None if spec.of.value is True else self._made(compile_condition, spec.of, names)
            )
            of = None if condition is None else condition.template
        else:
            of = self._tree(spec.of, names)
        by, set_ = (
            self._made(compile_value, spec.by, names),
            self._made(compile_whole, spec.set, names),
        )
        drop = self._made(compile_condition, spec.drop, names)
        add = (
            Add(spec.add, self._made(compile_condition, spec.add_when, names)) if spec.add else None
        )
        return Figure(spec.name, spec.verb, of, spec.over_ms, by, set_, drop, add)

    def _emit(self, spec: EmitSpec, names: ScopeSpec) -> Emit | None:
        when = self._made(compile_condition, spec.when, names)
        tree, faults = parse_tree(spec.event)
        self.findings += faults
        template, faults = compile_tree(tree, names, caches=self.caches)
        self.findings += faults
        if template is None:
            return None
        name = spec.event.at("event").value
        written = name if isinstance(name, str) and "{{" not in name else None
        return Emit(spec.on, when, template, tree, written, spec.event.place())

    def _tree(self, document: Document, names: ScopeSpec) -> Template | None:
        if document.value is None:
            return None
        tree, faults = parse_tree(document)
        self.findings += faults
        template, faults = compile_tree(tree, names, caches=self.caches)
        self.findings += faults
        return template

    def _made(
        self,
        compiler: Callable[..., tuple[Part | None, list[Finding]]],
        document: Document,
        names: ScopeSpec,
    ) -> Part | None:
        """What a compiler makes of a part of the file; None where it isn't there, or can't be."""
        if document.value is None:
            return None
        found, faults = compiler(document, names, caches=self.caches)
        self.findings += faults
        return found


def _is_person(key: Document) -> bool:
    return isinstance(key.value, str) and key.value.strip("{} ") == PERSON


def _asks_whom(key: Template) -> bool:
    return any(read.path[:1] == (PERSON,) for read in key.reads)
