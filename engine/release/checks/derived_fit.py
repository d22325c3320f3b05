"""What files of ``rules/derived/`` make, held against the schema of what they make it for.

An event that breaks its own schema goes into quarantine each time it is made, and a figure that
adds up texts stays at 0: neither is told before the first customer comes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.mapping import syntax
from engine.mapping.compile import ScopeSpec
from engine.mapping.expression import read_text
from engine.mapping.filters.spec import CLASSES, Kind
from engine.mapping.kinds import kind_of
from engine.mapping.tree import Branch, Constant, Items, Leaf, Loop, Tree, parse_leaf, parse_tree
from engine.model.document import Place
from engine.model.finding import Finding, error, warning
from engine.model.jsonvalue import Body, Json, as_body, json_type, with_article
from engine.model.names import did_you_mean
from engine.release.checks.fields import CHECKED
from engine.release.derived import NAMES, PERSON, Derived, Emit
from engine.release.plan import PlannedEvent
from engine.schema.fields import TYPES, Fields
from engine.schema.validator import compile_schema

SCOPE = ScopeSpec(frozenset((*NAMES, PERSON, "figures", "due")))
GIVEN = frozenset(
    [
        *("type", "messageId", "userId", "anonymousId", "context"),
        *("timestamp", "originalTimestamp", "receivedAt", "sentAt"),
    ]
)
"""What an event that is made has, or may have, of its cause, whatever its tree says."""

TEXTS = frozenset(("event", "type", "messageId", "timestamp", "receivedAt"))
OF_VERB = {"count": "number", "sum": "number", "list": "list"}
PROPERTIES = ("properties",)

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """One file, with the schemas of the events that it takes, and all of the project."""

    derived: Derived
    taken: Sequence[Fields]
    schemas: dict[str, Body]

    def made(self, emit: Emit, planned: PlannedEvent, fields: Fields) -> Iterator[Finding]:
        """What makes every event of an ``emit:`` break its schema, whatever its cause."""
        yield from self._misfits(emit.tree, (), fields, planned.title)

    def filled(self, planned: Sequence[PlannedEvent]) -> Iterator[Finding]:
        """What ``fill:`` writes into events that have no such field, or another type of it."""
        for name, document in self.derived.document.at("fill").items():
            known = [one.names_at(PROPERTIES) for one in self.taken]
            names = frozenset(name for some in known for name in some or ())
            if known and None not in known and name not in names:
                place = self.derived.document.key_place("fill", name)
                yield no_field(name, names, planned[0].title, place)
                continue
            tree, _ = parse_tree(document)
            for one, fields in zip(planned, self.taken, strict=True):
                yield from self._misfits(tree, (*PROPERTIES, name), fields, one.title)

    def summed(self) -> Iterator[Finding]:
        """Sums of what is no number."""
        for figure in self.derived.figures:
            document = self.derived.document.at("figures").at(figure.name).at("sum")
            if figure.verb != "sum":
                continue
            found = self._types(parse_leaf(document))
            if found and "number" not in found:
                told = with_article(" or ".join(sorted(found)))
                message = f"a sum takes numbers, and this is {told}"
                hint = "| number makes a number of a text" if "text" in found else ""
                yield error("E323", document.place(), message, hint)

    def _misfits(self, tree: Tree, at: Steps, fields: Fields, title: str) -> Iterator[Finding]:
        match tree:
            case Constant(value, place):
                if value is not None and value != "" and (wrong := self._wrong(value, at, fields)):
                    yield error("E323", place, f"{_path(at)} of {title} {wrong}")
                return
            case Leaf(_, place) | Items(_, place) | Branch(_, place) | Loop(place=place):
                found, may_be = self._types(tree), fields.types_at(at)
                if found and not found & may_be:
                    wants = with_article(" or ".join(sorted(may_be - {"null"})) or "null")
                    is_ = with_article(" or ".join(sorted(found)))
                    message = f"{_path(at)} of {title} is {is_}, expected {wants}"
                    yield error("E323", place, message)
                    return
        match tree:
            case Branch(members):
                yield from self._missing(tree, at, fields, title)
                for name, part in members.items():
                    yield from self._misfits(part, (*at, name), fields, title)
            case Items(items):
                for item in items:
                    yield from self._misfits(item, (*at, "[]"), fields, title)
            case Loop(body=body):
                yield from self._misfits(body, (*at, "[]"), fields, title)

    def _missing(self, tree: Branch, at: Steps, fields: Fields, title: str) -> Iterator[Finding]:
        if tree.uses or tree.merged is not None:
            return
        lacking = fields.required(at) - tree.members.keys()
        for name in sorted(lacking if at else lacking - GIVEN):
            path = _path((*at, name))
            message = f"{self.derived.name} gives no {path}, which {title} demands"
            yield error("E320", tree.place, message, f"add {name}, or take it out of required:")

    def _wrong(self, value: Json, at: Steps, fields: Fields) -> str:
        """How a value that stands in the tree breaks the schema; the empty text if it doesn't."""
        for file, schema in fields.demands_at(at):
            # Under a name beside its file, references to other files lead where they led.
            alone = f"{file}~value"
            here = {alone: as_body(_led_back(schema, file.rpartition("/")[2]))}
            found = compile_schema(alone, {**self.schemas, **here}).breaches(value)
            if found:
                return found[0].reason().message
        return ""

    def _types(self, tree: Tree) -> frozenset[str]:
        """The types of what a part gives where it gives anything; all where that is not known."""
        match tree:
            case Constant(value):
                return frozenset((json_type(value),))
            case Branch(merged=None):
                return frozenset(("object",))
            case Items() | Loop():
                return frozenset(("list",))
            case Leaf(text):
                reading, _ = read_text(text, SCOPE)
                return TYPES if reading is None else self._of(reading.expression)
        return TYPES

    def _of(self, expression: syntax.Expression) -> frozenset[str]:
        path = syntax.chain_of(expression)
        if path is not None:
            return self._of_path(path)
        kind = kind_of(expression)
        return TYPES if kind is Kind.ANY else frozenset(json_type(one()) for one in CLASSES[kind])

    def _of_path(self, path: Steps) -> frozenset[str]:
        match path:
            case ("figures", name):
                return self._of_figure(name)
            case ("due",) | ("person",):
                return frozenset(("text",))
            case ("event", name) if name in TEXTS:
                return frozenset(("text",))
            case (name, *steps) if name in CHECKED and self.taken:
                at = (*CHECKED[name], *steps)
                return frozenset[str]().union(*(one.types_at(at) for one in self.taken))
        return TYPES

    def _of_figure(self, name: str) -> frozenset[str]:
        verb = next((one.verb for one in self.derived.figures if one.name == name), "")
        if verb in OF_VERB:
            return frozenset((OF_VERB[verb],))
        document = self.derived.document.at("figures").at(name).at(verb)
        return self._types(parse_tree(document)[0])


def no_field(name: str, known: frozenset[str], title: str, place: Place) -> Finding:
    """That a schema has no such field: an error where one of nearly that name is there."""
    message = f'no field "{name}" in {title}'
    if hint := did_you_mean(name, known):
        return error("E204", place, message, hint)
    return warning("W204", place, message, "name it in the schema if events carry it")


def _path(at: Steps) -> str:
    return ".".join(at).replace(".[]", "[]")


def _led_back(schema: Json, file: str) -> Json:
    """A part of a schema whose references into its own file name that file."""
    if isinstance(schema, list):
        return [_led_back(one, file) for one in schema]
    if not isinstance(schema, dict):
        return schema
    led = {name: _led_back(one, file) for name, one in schema.items()}
    if isinstance(reference := led.get("$ref"), str) and reference.startswith("#"):
        led["$ref"] = file + reference
    return led
