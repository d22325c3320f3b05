"""The tables of ``tests/cases/limits``: a vendor's limits, each with what breaks it and what just
does not.

```yaml
env: { TIKTOK_ACCESS_TOKEN: token }     # what the destination's request needs beside .env.example
judge:                                  # where the stand-in judges, if not where payloads go
  path: /debug/mp/collect
  body: { validation_behavior: ENFORCE_RECOMMENDATIONS }
  headers: { Authorization: Bearer token }   # of a destination with auth:, whose token is got apart
base: { event_name: Purchase, … }       # a whole payload that both judges take
cases:
  - limit: an event's name has at most 50 characters     # a sentence of its own
    breach: { event_name: { $repeat: [a, 51] } }         # dotted path -> value, null removes it
    allowed: { event_name: { $repeat: [a, 50] } }        # left out: the base is the nearest
    contract: event_name                                 # stands in the path or words of our breach
    vendor: "50 characters"    # stands in the stand-in's refusal or notes, and nowhere else
  - limit: an event is at most seven days old
    held_by: window                                      # of the destination, or of `rule:`
    breach: { event_time: { $ago: [7d1m, unix] } }
    allowed: { event_time: { $ago: [6d23h, unix] } }
    vendor: "2804003"
  - limit: a request carries at most 1,000 events
    held_by: batch
    breach: { $events: 1001 }
    allowed: { $events: 1000 }
    vendor: at most 1000
```

`held_by: contract` is what is meant where nothing stands. Values: `$repeat: [text, n]`,
`$times: [value, n]` (a list), `$keys: [prefix, n, value]` (an object), `$ago: [age, form]` and
`$ahead: [age, form]` with `unix`, `ms`, `micros` or `iso`. A list index is a step of a path, `\\.`
a dot within a step. `$events: n` sends n payloads, each with a dedupe key of its own.
"""

import re
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from engine.model.clock import to_iso
from engine.project.units import parse_duration
from tests.support.processes import ROOT

FOLDER = ROOT / "tests/cases/limits"
NOW_MS = 1_790_000_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """One limit; ``age_ms`` is how old the breach and the allowed payload are, where they say."""

    destination: str
    limit: str
    held_by: str
    breach: dict[str, Any]
    allowed: dict[str, Any]
    contract: str | None
    vendor: str
    rule: str | None = None

    def __str__(self) -> str:
        return f"{self.destination}: {self.limit}"


@dataclass(frozen=True, slots=True)
class Table:
    """A destination's file of limits."""

    destination: str
    env: dict[str, str]
    judge: dict[str, Any]
    base: dict[str, Any]
    cases: tuple[Case, ...] = field(default=())


def read_table(path: Path) -> Table:
    """The table of one file."""
    content = yaml.safe_load(path.read_text("utf-8"))
    name = path.stem
    cases = tuple(
        Case(
            name,
            one["limit"],
            one.get("held_by", "contract"),
            one["breach"],
            one.get("allowed", {}),
            one.get("contract"),
            str(one["vendor"]),
            one.get("rule"),
        )
        for one in content["cases"]
    )
    return Table(name, content.get("env", {}), content.get("judge", {}), content["base"], cases)


def tables() -> list[Table]:
    """Every table there is."""
    return [read_table(path) for path in sorted(FOLDER.glob("*.yaml"))]


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The payload with the changes made and every ``$`` form written out."""
    payload: dict[str, Any] = written_out(deepcopy(base))
    for path, value in changes.items():
        if path != "$events":
            _put(payload, _steps(path), written_out(value))
    return payload


def ages_ms(changes: dict[str, Any]) -> list[int]:
    """How old the payload says that its event is: every ``$ago`` in it."""
    return [parse_duration(one["$ago"][0]) for one in _forms(changes) if "$ago" in one]


def written_out(value: Any) -> Any:
    """The value that the ``$`` forms stand for."""
    match value:
        case {"$repeat": [text, n]}:
            return text * n
        case {"$times": [element, n]}:
            return [written_out(deepcopy(element)) for _ in range(n)]
        case {"$keys": [prefix, n, element]}:
            return {f"{prefix}{at}": written_out(element) for at in range(n)}
        case {"$ago": [age, form]}:
            return _moment(NOW_MS - parse_duration(age), form)
        case {"$ahead": [age, form]}:
            return _moment(NOW_MS + parse_duration(age), form)
        case dict():
            return {key: written_out(one) for key, one in value.items()}
        case list():
            return [written_out(one) for one in value]
        case _:
            return value


def _moment(at_ms: int, form: str) -> Any:
    forms = {"unix": at_ms // 1000, "ms": at_ms, "micros": at_ms * 1000, "iso": to_iso(at_ms)}
    return forms[form]


def _steps(path: str) -> list[str]:
    return [step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", path)]


def _put(place: Any, steps: list[str], value: Any) -> None:
    *parents, last = steps
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if isinstance(place, list):
        place[int(last)] = value
    elif value is None:
        place.pop(last, None)
    else:
        place[last] = value


def _forms(value: Any) -> list[dict[str, Any]]:
    match value:
        case dict():
            return [value, *(form for one in value.values() for form in _forms(one))]
        case list():
            return [form for one in value for form in _forms(one)]
        case _:
            return []
