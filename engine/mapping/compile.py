"""The door of this room: templates, conditions and loops over lines, compiled when a release loads.

A template is one Python function, written by ``program`` and ``python``. Rendering never changes
the scope; an object of the event that is passed on whole is the same object in the payload.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.mapping.expression import ScopeSpec, read_expression, read_text
from engine.mapping.faults import MappingFault
from engine.mapping.missing import LISTS, MISSING, Missing
from engine.mapping.program import Program
from engine.mapping.python import Writer
from engine.mapping.tokens import Text
from engine.mapping.trace import LeafTrace
from engine.mapping.tree import Constant, Tree, parse_leaf, split_loop
from engine.mapping.uses import Read, Uses, is_single, origin_of
from engine.model.cache import Caches
from engine.model.decision import Fault
from engine.model.document import Document, Place
from engine.model.finding import Finding, error, has_errors, in_order
from engine.model.jsonvalue import Json, a_json_type

__all__ = [
    "Condition",
    "Each",
    "MappingFault",
    "Read",
    "Rendered",
    "ScopeSpec",
    "Template",
    "compile_condition",
    "compile_each",
    "compile_tree",
    "compile_value",
]

Function = Callable[[Mapping[str, Any], list[Fault], list[LeafTrace]], tuple[Any, int | None]]
"""What a template becomes: the scope, a list for faults, a list for the trace.

It gives the value, None where it is missing, and its size in bytes, where it was weighed.
"""

NO_FRAGMENTS: Mapping[str, Tree] = {}


class Rendered(NamedTuple):
    """What a template gave: ``MISSING`` where nothing is to be sent, and each fault on the way.

    ``size_bytes`` is the length of a payload as JSON, unless telling it takes longer.
    """

    value: Json | Missing
    faults: tuple[Fault, ...] = ()
    trace: tuple[LeafTrace, ...] = ()
    size_bytes: int | None = None


@dataclass(slots=True)
class Code:
    """A template's function, made when it is first asked for.

    A release checks all its rules when it loads, and then most of them wait long for an event: with
    their functions the reference project takes 0.3 s and 5 MiB more to load (tests.bench).
    """

    write: Callable[[], tuple[Program, str]]
    made: Function | None = None

    def function(self) -> Function:
        """The function."""
        if self.made is None:
            program, source = self.write()
            space = program.writer.bound
            exec(compile(source, "<mapping>", "exec"), space)  # noqa: S102 - our own (see python)
            self.made = space["render"]
        return self.made


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled tree or text."""

    code: Code
    uses: Uses
    leaves: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = ()

    def render(self, scope: Mapping[str, Json]) -> Rendered:
        """The value for these names; raises ``BoundPassed``, with the rule's line, past a bound.

        Objects in the scope are ``dict``, lists ``list`` or ``tuple``; a name that is not there, or
        null, is missing.
        """
        faults: list[Fault] = []
        trace: list[LeafTrace] = []
        function = self.code.made or self.code.function()
        value, size_bytes = function(scope, faults, trace)
        shown = MISSING if value is None else value
        return Rendered(shown, tuple(faults), tuple(trace), size_bytes)

    @property
    def names(self) -> frozenset[str]:
        """The names that it reads."""
        return self.uses.names

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every look-up as written, with its place."""
        return self.uses.reads

    @property
    def env_names(self) -> frozenset[str]:
        """The variables of the environment that it reads."""
        return self.uses.env_names

    def leaf_reads(self, path: Sequence[str], name: str) -> bool:
        """Whether a leaf at, or below, a path of the payload reads this name."""
        steps = tuple(path)
        return any(leaf[: len(steps)] == steps and name in names for leaf, names in self.leaves)


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled ``when:``."""

    template: Template

    def holds(self, scope: Mapping[str, Json]) -> bool:
        """Whether it is true; raises ``MappingFault``, and ``BoundPassed`` as a render does."""
        return bool(_value(self.template, scope))

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every look-up as written, with its place."""
        return self.template.reads


@dataclass(frozen=True, slots=True)
class Each:
    """A compiled ``each: NAME in EXPRESSION``; ``origin`` is the path of its elements, if plain.

    ``is_single`` says that there is one at most, so that it only gives a name to a value.
    """

    name: str
    template: Template
    place: Place
    origin: tuple[str, ...] | None
    is_single: bool = False

    def lines(self, scope: Mapping[str, Json]) -> Sequence[Json] | Missing:
        """The elements, or ``MISSING``; raises ``MappingFault`` if it is no list."""
        value = _value(self.template, scope)
        if value is None:
            return MISSING
        if value.__class__ in LISTS:
            return tuple(value)
        message = f"each takes a list, found {a_json_type(value)}"
        raise MappingFault(Fault("", message, self.place.file, self.place.line))

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every look-up as written, with its place."""
        return self.template.reads


def _value(template: Template, scope: Mapping[str, Json]) -> Any:
    faults: list[Fault] = []
    value, _ = template.code.function()(scope, faults, [])
    if faults:
        raise MappingFault(faults[0])
    return value


def compile_tree(  # noqa: PLR0913 - what a rule, a request and a trace need of it
    tree: Tree,
    scope: ScopeSpec,
    *,
    fragments: Mapping[str, Tree] = NO_FRAGMENTS,
    caches: Caches,
    trace: bool = False,
    bounded: bool = True,
) -> tuple[Template | None, list[Finding]]:
    """The template of a tree; None if a finding is an error.

    ``bounded`` holds it to the characters of a payload; a request's body has a bound of its own.
    """

    def write() -> tuple[Program, str]:
        program = Program(Writer(caches, scope.fixed), scope, fragments, bounded, trace)
        return program, program.source(tree)

    return _template(write)


def compile_value(
    document: Document, scope: ScopeSpec, *, caches: Caches, trace: bool = False
) -> tuple[Template | None, list[Finding]]:
    """The template of one text, number or boolean."""
    tree = parse_leaf(document)
    if isinstance(document.value, dict | list):
        message = f"this takes a text, found {a_json_type(document.value)}"
        return None, [error("E207", document.place(), message, "write an expression in {{ }}")]
    return compile_tree(tree, scope, caches=caches, trace=trace, bounded=False)


def compile_whole(
    document: Document, scope: ScopeSpec, *, caches: Caches
) -> tuple[Template | None, list[Finding]]:
    """The template of one expression, whose value stays as it is: an empty list too."""
    text = Text.of(document)
    reading, findings = read_text(text, scope) if "{{" in text.text else (None, [])
    if reading is None or not reading.is_alone:
        alone = error("E207", document.place(), "this takes one expression in {{ }}")
        return None, findings or [alone]

    def write() -> tuple[Program, str]:
        program = Program(
            Writer(caches, scope.fixed), scope, NO_FRAGMENTS, bounded=False, traced=False
        )
        return program, program.source_of(reading, text)

    template, more = _template(write)
    return template, findings + more


def compile_condition(
    document: Document, scope: ScopeSpec, *, caches: Caches
) -> tuple[Condition | None, list[Finding]]:
    """The condition of a ``when:``: an expression in braces, or true or false."""
    tree = parse_leaf(document)
    hint = 'write one expression, such as "{{ properties.total | number > 0 }}"'
    if isinstance(tree, Constant):
        if not isinstance(tree.value, bool):
            finding = error("E207", tree.place, "a condition is an expression in {{ }}", hint)
            return None, [finding]
    elif (reading := read_text(tree.text, scope)[0]) is not None and not reading.is_alone:
        message = "a condition has no text around its expression"
        return None, [error("E207", tree.place, message, hint)]
    template, findings = compile_tree(tree, scope, caches=caches, bounded=False)
    return (None if template is None else Condition(template)), findings


def compile_each(
    document: Document, scope: ScopeSpec, *, caches: Caches
) -> tuple[Each | None, list[Finding]]:
    """What ``each: product in properties.products`` stands for."""
    head = split_loop(document)
    if isinstance(head, Finding):
        return None, [head]
    name, start = head
    text = Text.of(document)
    if name in scope.names:
        message = f'the name "{name}" is taken already'
        return None, [error("E207", document.place(), message, "choose another")]
    reading, findings = read_expression(text, start, scope)
    if reading is None:
        return None, findings

    def write() -> tuple[Program, str]:
        program = Program(
            Writer(caches, scope.fixed), scope, NO_FRAGMENTS, bounded=False, traced=False
        )
        return program, program.source_of(reading, text)

    template, more = _template(write)
    if template is None:
        return None, findings + more
    origin = origin_of(reading.expression, scope)
    single = is_single(reading.expression)
    return Each(name, template, text.place(start), origin, single), findings + more


def _template(write: Callable[[], tuple[Program, str]]) -> tuple[Template | None, list[Finding]]:
    program, _ = write()
    findings = in_order(program.findings)
    if has_errors(findings):
        return None, findings
    return Template(Code(write), program.seen(), tuple(program.leaves)), findings
