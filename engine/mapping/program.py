"""A payload tree as the source of one Python function.

The function takes the scope, a list for faults and a list for the trace. A leaf is worked out
within ``try`` only where it can fail; what ends empty is not put into its object or list.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from engine.mapping import syntax
from engine.mapping.expression import Reading, read_expression, read_text
from engine.mapping.filters.spec import Kind
from engine.mapping.fragments import taken_in
from engine.mapping.kinds import can_fail, kind_of
from engine.mapping.limits import (
    FREE_STEPS,
    LOOP_DEPTH,
    TREE_DEPTH,
    TREE_NODES,
    check_steps,
    heavier,
    weigh,
)
from engine.mapping.missing import LISTS, PLAIN, STAYS
from engine.mapping.paths import FAILURES, At, failed, merged, no_list, no_object
from engine.mapping.python import Frame, Writer
from engine.mapping.scope import ScopeSpec
from engine.mapping.tokens import Text
from engine.mapping.trace import Origin
from engine.mapping.tree import Branch, Constant, Items, Leaf, Loop, Tree
from engine.mapping.uses import Uses, origin_of
from engine.model.cache import EXPRESSIONS
from engine.model.document import Place
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Json

Put = Callable[[str], None]
"""Writes the lines that put a value, by its source, into its object or list."""


@dataclass(slots=True)
class Program:
    """The function as it is written, and what is found on the way."""

    writer: Writer
    scope: ScopeSpec
    fragments: Mapping[str, Tree]
    bounded: bool
    traced: bool
    findings: list[Finding] = field(default_factory=list)
    uses: Uses = field(default_factory=Uses)
    leaves: list[tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    indent: int = 0
    nodes: int = 0
    loops: int = 0

    def source(self, tree: Tree) -> str:
        """The source of ``render(scope, faults, trace)``."""
        self._tree(tree, At(), lambda value: self._add(f"r = {value}"), 0)
        if self.bounded:
            self._add("if r is not None:")
            self._add(f" return r, {self._known(weigh)}(r, {self._known(tree.place)})")
        return self._whole()

    def source_of(self, reading: Reading, text: Text) -> str:
        """The source of a function that gives the value of one expression, empty or not."""
        self.uses |= reading.uses
        self._work_out(reading, text, At())
        self._add("r = v")
        return self._whole()

    def _whole(self) -> str:
        self._add("return r, None")
        top = ["get = scope.get", "r = None", "steps = 0", *self.writer.frame.head]
        source = "\n ".join(["def render(scope, faults, trace):", *top, *self.lines])
        return self.writer.shared.settled(source)

    def seen(self) -> Uses:
        """What the template reads; the names of its own loops are no names that it needs."""
        return replace(self.uses, names=self.uses.names & self.scope.names)

    def _known(self, value: Any) -> str:
        return self.writer.bind(value)

    def _add(self, line: str) -> None:
        self.lines.append(" " * self.indent + line)

    @contextmanager
    def _indented(self) -> Iterator[None]:
        self.indent += 1
        yield
        self.indent -= 1

    def _fail(self, place: Place, message: str, hint: str) -> None:
        self.findings.append(error("E207", place, message, hint))

    def _tree(self, tree: Tree, at: At, put: Put, depth: int) -> None:
        self.nodes += 1
        if depth > TREE_DEPTH:
            hint = "a fragment that takes in itself goes on without end"
            self._fail(tree.place, f"the tree is deeper than {TREE_DEPTH} levels", hint)
        elif self.nodes > TREE_NODES:
            if self.nodes == TREE_NODES + 1:
                message = f"the tree has more than {TREE_NODES:,} parts"
                self._fail(tree.place, message, "do its fragments take in each other?")
        else:
            self._part(tree, at, put, depth)

    def _part(self, tree: Tree, at: At, put: Put, depth: int) -> None:
        match tree:
            case Constant(value, place):
                self._constant(value, place, at, put)
            case Leaf(text):
                self._leaf(text, at, put)
            case Branch(uses=uses) if uses:
                taken, findings = taken_in(tree, self.fragments)
                self.findings += findings
                self._tree(taken, at, put, depth)
            case Branch():
                self._branch(tree, at, put, depth)
            case Items(items):
                found = self.writer.fresh("l")
                self._add(f"{found} = []")
                for item in items:
                    self._tree(item, at.next_of(found), self._append(found), depth + 1)
                self._put_if(found, found, put)
            case Loop():
                self._loop(tree, at, put, depth)

    def _append(self, variable: str) -> Put:
        return lambda value: self._add(f"{variable}.append({value})")

    def _put_if(self, condition: str, value: str, put: Put) -> None:
        self._add(f"if {condition}:")
        with self._indented():
            put(value)

    def _constant(self, value: Json, place: Place, at: At, put: Put) -> None:
        if value.__class__ not in PLAIN or (isinstance(value, float) and value - value != 0):
            self._fail(place, "this value has no form in JSON", "write a text, number or boolean")
            return
        self._trace("seen", Origin(place, str(value)), at, repr(value), "None")
        if value is not None:
            self.leaves.append((at.steps, frozenset()))
            put(f"({value!r})")

    def _leaf(self, text: Text, at: At, put: Put) -> None:
        reading = self._take(*self._read_text(text))
        if reading is None:
            return
        self.leaves.append((at.steps, reading.uses.names))
        self._work_out(reading, text, at)
        self._put_if(self._is_sent(reading.expression), "v", put)

    def _is_sent(self, expression: syntax.Expression) -> str:
        """The condition for which a leaf's value is not dropped."""
        match kind_of(expression):
            case Kind.NUMBER | Kind.BOOLEAN:
                return "v is not None"
            case Kind.TEXT | Kind.LIST | Kind.OBJECT | Kind.SIZED:
                return "v"
        return f"v or v is not None and v.__class__ in {self._known(STAYS)}"

    def _read_text(self, text: Text) -> tuple[Reading | None, list[Finding]]:
        return self.writer.caches.wrap(EXPRESSIONS, read_text)(text, self.scope)

    def _take(self, reading: Reading | None, findings: list[Finding]) -> Reading | None:
        self.findings += findings
        if reading is not None:
            self.uses |= reading.uses
        return reading

    def _work_out(self, reading: Reading, text: Text, at: At, verb: str = "seen") -> None:
        """Puts the value of an expression into ``v``, and its fault, for a trace, into ``m``."""
        self.writer.passed = 0
        source, place = self.writer.write(reading.expression), text.place(reading.at)
        if self.traced:
            self._add("m = None")
        if can_fail(reading.expression):
            failing = f"{self._known(failed)}(faults, {at.source()}, misfit, {self._known(place)})"
            self._add("try:")
            self._add(f" v = {source}")
            self._add(f"except {self._known(FAILURES)} as misfit:")
            self._add(f" v = {failing}")
            if self.traced:
                self._add(" m = misfit")
        else:
            self._add(f"v = {source}")
        paths = tuple(dict.fromkeys(read.path for read in reading.uses.reads))
        self._trace(verb, Origin(place, text.text, paths), at)

    def _trace(self, verb: str, origin: Origin, at: At, value: str = "v", fault: str = "m") -> None:
        if self.traced:
            seen = getattr(origin, verb)
            self._add(f"trace.append({self._known(seen)}({at.source()}, {value}, {fault}))")

    def _branch(self, branch: Branch, at: At, put: Put, depth: int) -> None:
        if not self._condition(branch.condition, at):
            return
        indent = self.indent
        if isinstance(branch.condition, Leaf):
            self.indent += 1
        found = self.writer.fresh("o")
        self._add(f"{found} = {{}}")
        for key, tree in branch.members.items():
            self._tree(tree, at.key(key), self._set(found, key), depth + 1)
        self._merge(branch, at, found)
        self._put_if(found, found, put)
        self.indent = indent

    def _merge(self, branch: Branch, at: At, found: str) -> None:
        """Puts the keys of a ``$merge`` beside those in ``found``."""
        leaf = branch.merged
        if isinstance(leaf, Leaf) and (place := self._word("$merge", leaf, at, "seen")):
            own = self._known(frozenset(branch.members))
            self._add(f"if v.__class__ is dict: {found}.update({self._known(merged)}(v, {own}))")
            self._add(f"elif v or v.__class__ in {self._known(STAYS)}:")
            self._add(f" faults.append({self._known(no_object)}({at.source()}, v, {place}))")

    def _word(self, word: str, leaf: Leaf, at: At, verb: str) -> str:
        """Puts what stands behind a word of the tree into ``v``; the source of its place."""
        reading = self._take(*self._read_text(leaf.text))
        if reading is None:
            return ""
        if not reading.is_alone:
            self._fail(leaf.place, f"{word} has text around its expression", "leave it out")
        self._work_out(reading, leaf.text, at, verb)
        return self._known(leaf.text.place(reading.at))

    def _set(self, variable: str, key: str) -> Put:
        return lambda value: self._add(f"{variable}[{key!r}] = {value}")

    def _condition(self, condition: Leaf | Constant | None, at: At) -> bool:
        """Whether the object may be there; an ``if`` is written where the data decides."""
        if condition is None or (isinstance(condition, Constant) and condition.value is True):
            return True
        if isinstance(condition, Constant):
            if condition.value is not False:
                self._fail(condition.place, "$if takes an expression", 'write it like: "{{ a.b }}"')
            return False
        if not self._word("$if", condition, at, "asked"):
            return False
        self._add("if v:")
        return True

    def _loop(self, loop: Loop, at: At, put: Put, depth: int) -> None:
        reading = self._take(*read_expression(loop.text, loop.start, self.scope))
        if loop.name in self.scope.names:
            hint = "choose another, so that both can be read"
            self._fail(loop.place, f'the name "{loop.name}" is taken already', hint)
        if self.loops == LOOP_DEPTH:
            self._fail(loop.place, f"$for is nested deeper than {LOOP_DEPTH}", "split the rule")
            return
        origin = None if reading is None else origin_of(reading.expression, self.scope)
        outer_scope = self.scope
        if reading is not None:
            self._work_out(reading, loop.text, at)
        self.scope = self.scope.with_name(loop.name, origin)
        self.loops += 1
        self._steps(loop, at, put, depth)
        self.loops -= 1
        self.scope = outer_scope

    def _steps(self, loop: Loop, at: At, put: Put, depth: int) -> None:
        place = self._known(loop.text.place(loop.start))
        self._add(f"if v.__class__ in {self._known(LISTS)}:")
        with self._indented():
            self._add("steps += len(v)")
            self._add(f"{self._known(check_steps)}(steps, {place})")
            found, weight = self.writer.fresh("l"), self.writer.fresh("w")
            self._add(f"{found} = []")
            self._add(f"{weight} = 0")
            self._body(loop, at.next_of(found), self._weighed(found, weight, place), depth)
            self._put_if(found, found, put)
        self._add("elif v is not None:")
        self._add(f" faults.append({self._known(no_list)}({at.source()}, v, {place}))")

    def _weighed(self, variable: str, weight: str, place: str) -> Put:
        def put(value: str) -> None:
            self._add(f"{variable}.append({value})")
            if self.bounded:
                self._add(f"if steps > {FREE_STEPS}:")
                self._add(f" {weight} = {self._known(heavier)}({weight}, {value}, {place})")

        return put

    def _body(self, loop: Loop, at: At, put: Put, depth: int) -> None:
        """The ``for`` and its body, which has a frame of its own: look-ups stay within it."""
        element = self.writer.fresh("n")
        self._add(f"for {element} in v:")
        frame, lines, indent = self.writer.frame, self.lines, self.indent
        self.writer.frame, self.lines, self.indent = Frame({loop.name: element}, frame), [], 0
        self._tree(loop.body, at, put, depth + 1)
        written = [*self.writer.frame.head, *self.lines] or ["pass"]
        self.writer.frame, self.lines, self.indent = frame, lines, indent
        self.lines += [" " * (indent + 1) + line for line in written]
