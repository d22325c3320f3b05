"""The nodes of Jinja that the language does not have, and what to write instead."""

from typing import Final

from jinja2 import nodes

REFUSALS: Final[dict[type[nodes.Node], tuple[str, str]]] = {
    nodes.Call: ("calls are not taken", "use a filter: value | name(arguments)"),
    nodes.Pow: ("** is not taken", "multiply with *"),
    nodes.Slice: ("slices are not taken", "use | take(n), | first, | last or | truncate(n)"),
    nodes.Tuple: ("tuples are not taken", "write a list: [a, b]"),
    nodes.Pos: ("a sign + is not taken", "leave it out"),
}
OTHER: Final = (
    "this construct is not taken",
    "an expression looks up, filters and compares values",
)
CHAINED: Final = ("one comparison alone is taken", "join two with and: a < b and b < c")
BAD_KEY: Final = ("a key of an object must be a text", "write it in quotes: {'a': b}")
UNPACKED: Final = ("* and ** are not taken in arguments", "write each argument out")
CONSTANT_BASE: Final = ("a constant has no keys", "a.b looks up the key b of the object a")
TOO_LARGE: Final = ("the number is too large", "a number has 64 bits, or is a decimal below 1e308")
NO_UTF8: Final = ("the text has half a surrogate pair", "write the character itself")


def refusal(node: nodes.Node) -> tuple[str, str]:
    """What is refused, and what to do instead."""
    return REFUSALS.get(type(node), OTHER)
