"""A text of a rule file, taken apart: what is literal, what is an expression, where each stands.

Jinja's nodes carry no column. So each token is put on a line of its own before it is parsed: the
line of a node is then the number of its token, and the token knows its place in the text.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, nodes

from engine.mapping.limits import EXPRESSION_CHARS, EXPRESSION_LEVELS
from engine.model.document import Document, Place
from engine.model.finding import Finding, error

JINJA: Final = Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - only reads
"""Jinja with its own syntax and nothing else: it reads, and never renders."""

BRACES: Final = ("{{", "{%", "{#")
AFTER_TEST: Final = frozenset({"if", "in", "not"})
OPENING: Final = frozenset("([{")
CLOSING: Final = frozenset(")]}")
BLOCK_INDENT: Final = 2


class SyntaxFault(Exception):  # noqa: N818 - reads as what happened
    """A text can't be read; ``at`` is where in the text, ``code`` that of the finding."""

    def __init__(self, code: str, at: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.at = at
        self.message = message
        self.hint = hint

    def finding(self, text: "Text") -> Finding:
        """The finding, with its place."""
        return error(self.code, text.place(self.at), self.message, self.hint)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a file and where it stands; ``key`` is where its key stands."""

    text: str
    start: Place
    key: Place

    @classmethod
    def of(cls, document: Document) -> "Text":
        """The text of a document whose value is one."""
        return cls(str(document.value), document.place(), document.key_place())

    def place(self, at: int) -> Place:
        """The place of the character at ``at``.

        A text with braces and without line breaks stands in quotes, as YAML wants it; one with line
        breaks is a block that begins on the next line, two columns in from its key.
        """
        if not self.start.line:
            return self.start
        before = self.text[:at]
        if "\n" not in self.text:
            return Place(self.start.file, self.start.line, self.start.column + 1 + at)
        line = self.start.line + 1 + before.count("\n")
        column = self.key.column + BLOCK_INDENT + at - (before.rfind("\n") + 1)
        return Place(self.start.file, line, column)


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an expression, white space left out."""

    text: str
    at: int

    @property
    def end(self) -> int:
        """Where the next character stands."""
        return self.at + len(self.text)


@dataclass(frozen=True, slots=True)
class Source:
    """One expression as written: its tokens, and where its text begins and ends."""

    tokens: tuple[Token, ...]
    start: int
    end: int


def has_expression(text: str) -> bool:
    """Whether a text is anything but a constant."""
    return any(brace in text for brace in BRACES)


def take_apart(text: str) -> list[str | Source]:
    """The literal texts and the expressions, in order; raises ``SyntaxFault``."""
    parts: list[str | Source] = []
    tokens: list[Token] = []
    start = at = 0
    is_open = False
    for kind, value in _lexed(text):
        match kind:
            case "data":
                parts.append(value)
            case "variable_begin":
                _refuse_trimming(value, at)
                tokens, start, is_open = [], at + len(value), True
            case "variable_end":
                _refuse_trimming(value, at)
                parts.append(_checked(Source(tuple(tokens), start, at)))
                is_open = False
            case "block_begin" | "raw_begin" | "raw_end":
                raise SyntaxFault(
                    "E205", at, "statements are not taken", "$for and $if in the YAML do their work"
                )
            case "comment_begin" | "comment":
                raise SyntaxFault(
                    "E205", at, "comments are not taken", "write a YAML comment with # instead"
                )
            case "whitespace":
                pass
            case _:
                tokens.append(Token(value, at))
        at += len(value)
    if is_open:
        raise SyntaxFault("E201", start - 2, "the braces are not closed", _BRACES_HINT)
    return parts


def _lexed(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    try:
        for _, kind, value in JINJA.lex(text):
            yield kind, value
            at += len(value)
    except TemplateSyntaxError as fault:
        raise SyntaxFault("E201", at, f"can't be read: {_words(fault)}", _BRACES_HINT) from None


_BRACES_HINT: Final = "an expression stands in {{ }}, a text within it in quotes"


def _words(fault: TemplateSyntaxError) -> str:
    """Jinja's words, in ours where its own speak of templates."""
    message = (fault.message or "unknown syntax").partition(" at ")[0]
    return message.replace("end of print statement", "}}").replace("end of template", "end of text")


def _refuse_trimming(brace: str, at: int) -> None:
    if len(brace) > len("{{"):
        raise SyntaxFault("E201", at, f'found "{brace}"', "write the braces without - or +")


def _checked(source: Source) -> Source:
    if source.end - source.start > EXPRESSION_CHARS:
        raise SyntaxFault(
            "E208",
            source.start,
            f"the expression is longer than {EXPRESSION_CHARS:,} characters",
            "split it, or put constant parts into tables",
        )
    depth = 0
    for token in source.tokens:
        depth += (token.text in OPENING) - (token.text in CLOSING)
        if depth > EXPRESSION_LEVELS:
            raise too_deep(token.at)
    return source


def too_deep(at: int) -> SyntaxFault:
    """The fault of an expression with too many levels."""
    return SyntaxFault(
        "E208", at, f"the expression is nested deeper than {EXPRESSION_LEVELS} levels", "split it"
    )


class Lines:
    """Which token a line of the text that was parsed is."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._starts = []
        line = 2
        for token in source.tokens:
            self._starts.append(line)
            line += 1 + token.text.count("\n")

    def index(self, node: nodes.Node) -> int:
        """The number of the node's token."""
        return max(0, bisect_right(self._starts, node.lineno) - 1)

    def at(self, node: nodes.Node) -> int:
        """Where in the text the node's token stands."""
        return self.token_at(node.lineno)

    def token_at(self, line: int) -> int:
        """Where in the text the token of a line stands; behind the last one, the end."""
        tokens = self._source.tokens
        if not tokens or line > self._starts[-1] + tokens[-1].text.count("\n"):
            return self._source.end
        return tokens[max(0, bisect_right(self._starts, line) - 1)].at


def parse(source: Source) -> tuple[nodes.Expr, Lines]:
    """Jinja's tree of one expression; raises ``SyntaxFault``."""
    lines = Lines(source)
    text = "\n".join(("{{", *_closed_tests(source.tokens), "}}"))
    try:
        template = JINJA.parse(text)
    except TemplateSyntaxError as fault:
        raise SyntaxFault(
            "E201", lines.token_at(fault.lineno), f"can't be read: {_words(fault)}", _BRACES_HINT
        ) from None
    except (RecursionError, ValueError, OverflowError):  # endless unary signs; a number too long
        raise too_deep(source.start) from None
    output = template.body[0]
    assert isinstance(output, nodes.Output)
    return output.nodes[0], lines


def _closed_tests(tokens: tuple[Token, ...]) -> Iterator[str]:
    """The tokens, with ``()`` at the name of a test before ``if``, ``in`` or ``not``.

    Jinja would take the next word for the test's argument: ``a is defined if b else c``.
    """
    words = [token.text for token in tokens]
    for index, word in enumerate(words):
        before = words[max(0, index - 3) : index]
        tested = before[:-1] if before[-1:] == ["not"] else before
        is_test = tested[-1:] == ["is"] and tested[-2:-1] != ["."]
        follows = words[index + 1] if index + 1 < len(words) else ""
        yield f"{word}()" if is_test and word != "not" and follows in AFTER_TEST else word
