"""Events from files, folders and standard input: JSON or JSON lines."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from engine.codec.lenient import read_json
from engine.model.errors import EncaminaError
from engine.model.jsonvalue import Json

SUFFIXES = (".json", ".jsonl", ".ndjson")


class EventsError(EncaminaError):
    """What was named as events can't be read."""


def read_events(names: Sequence[str]) -> Iterator[Json]:
    """The events in these files and folders, in order; ``-`` is standard input.

    A file holds one event, a list of events, an object with ``batch``, or one event a line.
    """
    for name in names:
        if name == "-":
            yield from events_in(sys.stdin.buffer.read(), "standard input")
            continue
        for path in _files(Path(name)):
            yield from events_in(path.read_bytes(), str(path))


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES)
        if not files:
            raise EventsError(f"{path}: no {', '.join(SUFFIXES)} file in this folder")
        return files
    if not path.is_file():
        raise EventsError(f"{path}: no such file; name a file, a folder or - for standard input")
    return [path]


def events_in(data: bytes, where: str) -> Iterator[Json]:
    """The events that ``data`` holds; raises ``EventsError`` with the line that is no JSON.

    What ``encamina events --json`` prints is read too: of each line its event.
    """
    yield from map(_event_in, _values(data, where))


def _event_in(value: Json) -> Json:
    if isinstance(value, Mapping) and value.keys() >= {"verdict", "received_at", "event"}:
        return value["event"]
    return value


def _values(data: bytes, where: str) -> Iterator[Json]:
    try:
        value, _ = read_json(data)
    except ValueError:
        yield from _lines(data, where)
        return
    if isinstance(value, list):
        yield from value
    elif isinstance(value, Mapping) and isinstance(batch := value.get("batch"), list):
        yield from batch
    else:
        yield value


def _lines(data: bytes, where: str) -> Iterator[Json]:
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield read_json(line)[0]
        except ValueError as error:
            raise EventsError(f"{where}:{number}: no JSON: {error}") from error


def dump(value: Json) -> str:
    """A value as people read it."""
    return json.dumps(value, ensure_ascii=False, indent=2)
