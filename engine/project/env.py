"""The environment, and ``.env`` beneath it: the one file of ``engine/`` that reads ``os.environ``.

``.env`` holds plain ``NAME=value`` lines that a shell can source as well; nothing is filled in. A
value is never shown: it may be a secret.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from engine.model.document import Place
from engine.model.finding import Finding, error, warning
from engine.project.nodes import Unreadable
from engine.project.text import decode

FILE = ".env"

LINE = re.compile(
    r"""(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=
    (?: '(?P<single>[^']*)' | "(?P<double>(?:[^"\\]|\\.)*)" | (?P<plain>[^\s'"][^'"]*?)?)
    \s*(?:(?<=\s)\#.*)?""",
    re.VERBOSE | re.ASCII,
)
COMMENT = re.compile(r"\s+#.*$")
ESCAPED = re.compile(r'\\(["\\$`])')


def environment() -> Mapping[str, str]:
    """The environment of this process, as it is now."""
    return dict(os.environ)


def read_env(
    root: Path, environ: Mapping[str, str] | None = None
) -> tuple[Mapping[str, str], list[Finding]]:
    """The environment over ``.env`` in ``root``, and the findings of that file.

    What is empty or blank counts as unset and is left out.
    """
    real = environment() if environ is None else environ
    try:
        data = (root / FILE).read_bytes()
    except FileNotFoundError:
        return _set(real), []
    except OSError as fault:
        message = f"the file can't be read: {fault.strerror or type(fault).__name__}"
        return _set(real), [error("E100", Place(FILE), message)]
    values, findings = parse_env(data)
    return {**_set(values), **_set(real)}, findings


def parse_env(data: bytes) -> tuple[Mapping[str, str], list[Finding]]:
    """The names and values of a ``.env`` file, and a finding for each line that is neither."""
    try:
        text = decode(FILE, data)
    except Unreadable as fault:
        return {}, [fault.finding]
    values: dict[str, str] = {}
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        place = Place(FILE, number, len(line) - len(line.lstrip()) + 1)
        if not (found := LINE.fullmatch(line.strip())):
            findings.append(_no_line(place, line))
            continue
        if found["name"] in values:
            findings.append(
                warning("W160", place, f"{found['name']} is set twice", "the last one counts")
            )
        values[found["name"]] = _value(found)
    return values, findings


def _value(found: re.Match[str]) -> str:
    if found["single"] is not None:
        return found["single"]
    if found["double"] is not None:
        return ESCAPED.sub(r"\1", found["double"])
    plain = found["plain"] or ""
    return "" if plain.startswith("#") else COMMENT.sub("", plain).rstrip()


def _no_line(place: Place, line: str) -> Finding:
    hint = "write NAME=value; a value that has quotes in it stands in the other kind of quotes"
    if re.match(r"\s*(export\s+)?\w+(\s+=|=\s+\S)", line):
        hint = "write NAME=value without spaces around the ="
    return error("E160", place, "this line is no NAME=value", hint)


def _set(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value.strip()}
