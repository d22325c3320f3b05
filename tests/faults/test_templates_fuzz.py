"""Hostile expressions by the thousand: refused at load, or a plain value within bounds, in time."""

import ast
import random
import time
from typing import Any

import pytest

from engine.mapping.compile import ScopeSpec, Template, compile_tree
from engine.mapping.filters.catalogue import FILTERS, TESTS
from engine.mapping.limits import PAYLOAD_CHARS, TEXT_BYTES
from engine.mapping.missing import MISSING
from engine.mapping.tree import parse_tree
from engine.model.cache import Caches
from engine.model.document import Document, Place
from engine.model.errors import BoundPassed
from tests.support.chaos import scaled

pytestmark = pytest.mark.slow

COUNT = scaled(3_000, 100_000)
LONGEST_S = 2.0
SCOPE = ScopeSpec(frozenset({"event", "properties", "context"}))

DUNDERS = (
    *("__class__", "__mro__", "__base__", "__subclasses__", "__globals__", "__builtins__"),
    *("__import__", "__init__", "__dict__", "__code__", "__getattribute__", "__reduce_ex__"),
    *("mro", "func_globals", "gi_frame", "f_back", "cr_code", "_fields", "keys", "items", "format"),
)
ODD_TEXTS = (
    *("", "a", "{0.__class__}", "%s%n%1000000000d", "{{ 7*7 }}", "{% raw %}", "\\x00", "\\u202e"),
    *(
        "\u2028",
        "\uff45\uff56\uff41\uff4c",
        "ªº",
        "İ",
        "ß" * 50,
        "\\N{DIGIT ONE}",
        "'''",
        "\\\\",
        '\\"',
        "#",
        "\\n",
    ),
    *("a" * 300, "9" * 60, "1e309", "-0", "NaN", "🏴‍☠️", "\\'); import os; ('", "${jndi:x}"),
)
NAMES = (
    *("event", "properties", "context", "properties.a", "properties.deep", "properties['b']"),
    *("self", "config", "request", "lipsum", "cycler", "loop", "caller", "varargs", "True", "None"),
    *(
        "\uff50roperties",
        "properties\uff0ea",
        "event\u200b",
        "scope",
        "faults",
        "bound",
        "_",
        "__name__",
    ),
)
NUMBERS = ("0", "-1", "1e308", "9" * 30, "0x41", "1_000", "10**9", "0.1", "999999999", "1j", "٣")
GOOD_NAMES = (
    *("event", "properties", "context", "properties.a", "properties.b", "properties.n"),
    *("properties.deep", "properties.format", "properties.b[3].a", "context.page.url"),
)
GOOD_SIGNS = ("+", "-", "*", "/", "//", "%", "~", "==", "<", "in", "not in", "and", "or")
SIGNS = (*GOOD_SIGNS, "**", "|", "is", "<>", ":=", ">>")
VALUES: dict[str, Any] = {
    "event": {"messageId": "m", "__class__": "told by the event"},
    "properties": {
        "a": "x" * 2_000,
        "b": [1, "2", None, {"a": [1.5, True]}] * 40,
        "n": 2**62,
        "deep": {"deep": {"deep": {"__globals__": {"os": "told"}}}},
        "format": "{0.__class__.__mro__}",
    },
    "context": {"page": {"url": "https://shop.example/?a=%00%ff"}, "items": "told"},
}


class Writer:
    """Writes one hostile expression after another, the same for a seed.

    Half of them are well-formed, so that what they ask for is what is put to the test.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.well_formed = True

    def expression(self, depth: int = 0) -> str:
        pick, more = self.chance.choice, depth + 1
        if depth > pick((1, 3, 6)):
            return self.atom()
        match self.chance.randrange(11 if self.well_formed else 13):
            case 0 | 1:
                return f"({self.expression(more)}).{pick(DUNDERS)}"
            case 2:
                return f"({self.expression(more)})[{self.expression(more)}]"
            case 3:
                return f"({self.expression(more)})['{pick(DUNDERS)}']"
            case 4 | 5 | 6:
                return f"({self.expression(more)}) | {self.filter(more)}"
            case 7 | 8:
                signs = GOOD_SIGNS if self.well_formed else SIGNS
                return f"(({self.expression(more)}) {pick(signs)} ({self.expression(more)}))"
            case 9:
                return f"{self.atom()} if ({self.expression(more)}) else {self.atom()}"
            case 10:
                return f"[{self.expression(more)}, {self.expression(more)}]"
            case 11:
                return f"{self.expression(more)}({self.expression(more)})"
            case _:
                return f"{pick('([{-')}" * self.chance.randrange(60) + self.atom()

    def filter(self, depth: int) -> str:
        name = self.chance.choice(sorted(FILTERS))
        spec = FILTERS[name]
        count = self.chance.randint(
            sum(one.is_required for one in spec.arguments), len(spec.arguments)
        )
        if not self.well_formed:
            name = self.chance.choice((*TESTS, "attr", "map", "format", "xmlattr", "center", name))
            count = self.chance.choice((0, 1, 2, 3))
        return f"{name}({', '.join(self.expression(depth + 2) for _ in range(count))})"

    def atom(self) -> str:
        names, numbers = (GOOD_NAMES, NUMBERS[:5]) if self.well_formed else (NAMES, NUMBERS)
        quoted = f"'{self.chance.choice(ODD_TEXTS)}'"
        return self.chance.choice(
            (
                *self.chance.choices(names, k=2),
                quoted,
                *numbers[:1],
                quoted,
                self.chance.choice(numbers),
            )
        )

    def text(self) -> str:
        self.well_formed = self.chance.random() < 0.6
        written = "{{ " + self.expression() + " }}"
        if self.chance.random() < 0.2:
            written = f"a {written} {{{{ {self.expression()} }}}}"
        if not self.well_formed:
            at = self.chance.randrange(len(written))
            written = written[:at] + self.chance.choice("{}%#'\"\\\x00\u202e()|[].") + written[at:]
        return written


def document(value: Any) -> Document:
    place = Place("rules/hostile.yaml", 1, 1)
    return Document(place.file, value, {(): place}, {})


def compiled(text: str) -> Template | None:
    tree, _ = parse_tree(document(text))
    template, findings = compile_tree(tree, SCOPE, caches=Caches.off())
    assert template is not None or findings, "refused without a word"
    for one in findings:
        assert "Traceback" not in str(one)
        assert " object at 0x" not in str(one)
    return template


@pytest.mark.parametrize("seed", range(4))
def test_a_hostile_expression_is_refused_or_gives_a_plain_value_in_time(seed):
    writer = Writer(seed)
    took = refused = stopped = 0
    for _ in range(COUNT // 4):
        text = writer.text()
        begun = time.perf_counter()
        try:
            template = compiled(text)
            if template is None:
                refused += 1
                continue
            is_closed(template, text)
            value = template.render(VALUES).value
            took += 1
            is_plain(value, text)
        except BoundPassed:
            stopped += 1
        finally:
            lasted_s = time.perf_counter() - begun
            assert lasted_s < LONGEST_S, (lasted_s, text)

    print(f"seed {seed}: {took} gave a value, {stopped} passed a bound, {refused} were refused")
    assert took > COUNT // 80, "too little got through to tell anything"


def is_closed(template: Template, text: str) -> None:
    """Its code imports nothing and reaches nothing of Python's but a value's class, to compare it."""
    for node in ast.walk(ast.parse(template.code.write()[1])):
        assert not isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef | ast.Global), text
        for part in ast.iter_child_nodes(node):
            name = getattr(part, "attr", None) or getattr(part, "id", None) or ""
            is_compared = name == "__class__" and isinstance(node, ast.Compare)
            assert is_compared or not name.startswith("__"), (name, text)


def is_plain(value: Any, text: str) -> None:
    """Made of JSON's types alone, no longer than the bounds, with no word of Python in it."""
    waiting, chars = [value], 0
    while waiting:
        one = waiting.pop()
        if one is MISSING or one is None:
            continue
        assert type(one) in (str, int, float, bool, list, tuple, dict), (type(one), text)
        if isinstance(one, str):
            chars += len(one)
            assert len(one.encode()) <= TEXT_BYTES, text
            assert "<class '" not in one, text
            assert " object at 0x" not in one, text
            assert "<built-in" not in one, text
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
    assert chars <= PAYLOAD_CHARS, text


def test_the_names_of_python_objects_are_keys_and_nothing_else():
    for name in DUNDERS:
        for base in ("event", "properties.a", "properties.b", "properties.n", "properties.none"):
            template = compiled(f"{{{{ {base}['{name}'] }}}}")
            assert template is not None
            found = template.render(VALUES).value
            told = VALUES["event"].get(name) if base == "event" else None
            assert found == told or (told is None and found is MISSING), (base, name)
