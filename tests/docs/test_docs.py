"""The documentation keeps its word: links lead somewhere, commands exist, examples are read."""

import ast
import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import COMMANDS, app
from engine.codec.lenient import read_json
from engine.project.yamlfile import read_yaml
from tests.docs.pages import ROOT, Block, anchors, blocks, links, name_of, pages, prose

PAGES = pages()
ENCAMINA = get_command(app)
SHELL_JOINTS = ";&|\n()<>"
ASSIGNMENT = re.compile(r"[A-Z_]+=")
COMMENT = re.compile(r"(?m)(?:^|\s)#\s.*$")
PATH = re.compile(
    r"`((?:engine|cli|tests|docs)/[\w./-]*|(?:rules|destinations|schemas)/(?:[\w-]+/)?)`"
)


def commands(text: str) -> Iterator[list[str]]:
    """What follows ``encamina`` in each shell command that runs it."""
    lexer = shlex.shlex(
        COMMENT.sub("", text.replace("\\\n", " ")), posix=True, punctuation_chars=SHELL_JOINTS
    )
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    words: list[str] = []
    for token in [*lexer, "\n"]:
        if set(token) <= set(SHELL_JOINTS):
            program, *rest = [*itertools.dropwhile(ASSIGNMENT.match, words), ""]
            if program.rpartition("/")[2] == "encamina":
                yield rest[:-1]
            words = []
        else:
            words.append(token)


def told_commands() -> list[tuple[str, list[str]]]:
    """Every command of ours on every page, with its place."""
    found = []
    for page in PAGES:
        for block in blocks(page, "sh"):
            found += [(block.where, one) for one in commands(block.text)]
        for block in blocks(page, "ini"):
            starts = re.findall(r"(?m)^Exec\w+=(.*)$", block.text)
            found += [(block.where, one) for text in starts for one in commands(text)]
        spans = re.findall(r"`(encamina [^`]+)`", prose(page))
        found += [(name_of(page), one) for span in spans for one in commands(span)]
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    dead = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_there = target.exists() and (not anchor or anchor in anchors(target))
        dead += [] if is_there else [link]

    assert dead == []


@pytest.mark.parametrize(("where", "words"), told_commands(), ids=str)
def test_every_command_that_is_told_exists_with_its_options(where, words):
    name = words[0]
    if name.startswith("-"):
        assert name in {option for one in ENCAMINA.params for option in one.opts}, where
        return

    assert name in COMMANDS, where
    command = ENCAMINA.get_command(None, name)
    if words[1:] not in ([], ["--help"]):
        # Raises with the name of an unknown option, a wrong value or one argument too many.
        made = command.make_context(name, words[1:])
        if isinstance(command, TyperGroup):
            action, found, rest = command.resolve_command(made, made._protected_args + made.args)
            if rest != ["--help"]:
                found.make_context(action, rest)


def test_every_command_is_told_of():
    told = {words[0] for _, words in told_commands()}

    assert told >= set(COMMANDS)


def all_blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page, *languages)]


@pytest.mark.parametrize("block", all_blocks("json"), ids=lambda block: block.where)
def test_json_is_json(block):
    json.loads(block.text)


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=lambda block: block.where)
def test_yaml_is_read_without_findings(block):
    document, findings = read_yaml(block.where, block.text.encode())

    assert findings == []
    assert document.value


@pytest.mark.parametrize("block", all_blocks("python"), ids=lambda block: block.where)
def test_python_is_python(block):
    ast.parse(block.text)


@pytest.mark.parametrize("block", all_blocks("sh"), ids=lambda block: block.where)
def test_the_json_that_a_shell_is_given_is_json(block):
    bodies = re.findall(r"(?:-d|echo) '([^']+)'", block.text)

    assert [read_json(one.encode())[1] for one in bodies] == [()] * len(bodies)


def test_every_block_says_its_language():
    assert [block.where for block in all_blocks() if not block.language] == []


def test_every_path_that_the_architecture_names_is_there():
    named = PATH.findall(prose(ROOT / "docs/architecture.md"))

    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_room_stands_in_the_architecture():
    page = (ROOT / "docs/architecture.md").read_text()
    rooms = [path.name for path in (ROOT / "engine").iterdir() if (path / "__init__.py").exists()]

    assert [
        room for room in rooms if f"<b>{room}</b>" not in page and f"engine/{room}`" not in page
    ] == []


def test_no_path_of_anyones_machine_is_told():
    private = re.compile(r"/(?:home|root|work|Users)/")

    assert [name_of(page) for page in PAGES if private.search(Path(page).read_text())] == []
