"""What an expression reads: names, look-ups with their places, variables of the environment."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.mapping import syntax
from engine.mapping.scope import ScopeSpec, nearest
from engine.mapping.tokens import Text
from engine.model.document import Place
from engine.model.finding import Finding, error

ENVIRONMENT: Final = "env"
"""The name whose keys are variables of the environment."""


KEEP_ELEMENTS: Final = frozenset({"take", "compact", "unique", "sort", "list", "default"})
"""Filters whose result has elements of their input, so that look-ups into them can be told."""


@dataclass(frozen=True, slots=True)
class Read:
    """One look-up as written: ``path`` from a name in scope, a list's element as ``[]``.

    A name of ``$for`` or ``each`` is replaced by what it stands for, where that is a plain look-up.
    ``place`` is where the look-up begins, ``places`` where each of its written steps stands: they
    belong to the last steps of ``path``.
    """

    path: tuple[str, ...]
    place: Place
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Uses:
    """What an expression reads, or a whole template."""

    names: frozenset[str] = frozenset()
    reads: tuple[Read, ...] = ()
    env_names: frozenset[str] = frozenset()

    def __or__(self, other: "Uses") -> "Uses":
        return Uses(
            self.names | other.names,
            self.reads + other.reads,
            self.env_names | other.env_names,
        )


def uses_of(
    expression: syntax.Expression, text: Text, scope: ScopeSpec
) -> tuple[Uses, list[Finding]]:
    """What the expression reads, and a finding for each unknown key of a closed name."""
    chains = list(_chains(expression))
    reads = tuple(_read(chain, text, scope) for chain in chains)
    uses = Uses(
        frozenset(_root(chain).name for chain in chains),
        reads,
        frozenset(read.path[1] for read in reads if read.path[0] == ENVIRONMENT and read.path[1:]),
    )
    unknown = (_unknown_key(chain, text, scope) for chain in chains)
    return uses, [finding for finding in unknown if finding is not None]


def _chains(expression: syntax.Expression) -> Iterator[syntax.Expression]:
    """The longest plain look-ups in an expression."""
    if syntax.chain_of(expression) is not None:
        yield expression
        return
    for part in syntax.parts_of(expression):
        yield from _chains(part)


def _root(chain: syntax.Expression) -> syntax.Name:
    while isinstance(chain, syntax.Key | syntax.Item):
        chain = chain.base
    assert isinstance(chain, syntax.Name)
    return chain


def _read(chain: syntax.Expression, text: Text, scope: ScopeSpec) -> Read:
    places = tuple(text.place(at) for at in _steps_at(chain))
    return Read(scope.resolved(syntax.chain_of(chain) or ("",)), places[0], places)


def _steps_at(chain: syntax.Expression) -> tuple[int, ...]:
    if isinstance(chain, syntax.Key | syntax.Item):
        return (*_steps_at(chain.base), chain.at)
    assert isinstance(chain, syntax.Name)
    return (chain.at,)


def _unknown_key(chain: syntax.Expression, text: Text, scope: ScopeSpec) -> Finding | None:
    name, *keys = syntax.chain_of(chain) or ("",)
    if not keys or name not in scope.closed or keys[0] in scope.closed[name]:
        return None
    hint = nearest(keys[0], scope.closed[name]) or f"{name} is empty here"
    return error("E209", text.place(_steps_at(chain)[1]), f'no "{keys[0]}" in {name}', hint)


def is_single(expression: syntax.Expression) -> bool:
    """Whether a list has one element at most, as ``[a]`` and ``rows | take(1)`` have."""
    match expression:
        case syntax.Elements(elements):
            return len(elements) <= 1
        case syntax.Filter(spec, value, arguments) if spec.name in KEEP_ELEMENTS - {"default"}:
            first = arguments[:1] if spec.name == "take" else ()
            return is_single(value) or first in ((syntax.Constant(0),), (syntax.Constant(1),))
        case syntax.Choice(_, yes, no):
            return is_single(yes) and is_single(no)
    return False


def origin_of(expression: syntax.Expression, scope: ScopeSpec) -> tuple[str, ...] | None:
    """The path of a list's elements, where the list is a plain look-up, filtered or not."""
    while isinstance(expression, syntax.Filter) and expression.spec.name in KEEP_ELEMENTS:
        expression = expression.value
    path = syntax.chain_of(expression)
    return None if path is None else (*scope.resolved(path), "[]")
