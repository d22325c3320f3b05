"""What a file of ``rules/derived/`` was when its figures were counted, and what has changed since.

Kept as JSON in a setting of the state, ``FORM`` and the file's name::

    {"form": {"from": …, "figures.NAME": …}, "since": milliseconds, "changed": {PART: milliseconds}}

``since`` is when counting began, or null where that is not known; ``changed`` are the parts that
were edited after it. Written by the consumer of the file, read by commands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.jsonvalue import Json, as_body
from engine.release.derived import Derived

FORM = "derived-form:"
PARTS = ("from", "when", "key", "once")
"""What the figures are counted by, beside the figures themselves."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file was written when its figures were counted."""

    parts: Mapping[str, Json] = field(default_factory=dict)
    since: Millis | None = None
    changed: Mapping[str, Millis] = field(default_factory=dict)

    @classmethod
    def begun(cls, derived: Derived, since: Millis | None) -> Self:
        """The form of a file as it stands, whose figures are counted from ``since`` on."""
        parts = {name: derived.document.at(name).value for name in PARTS}
        for name, figure in derived.document.at("figures").items():
            parts[f"figures.{name}"] = figure.value
        return cls({name: value for name, value in parts.items() if value is not None}, since)

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """The form that was kept; None where none was."""
        if text is None:
            return None
        kept = as_body(loads(text.encode()))
        changed = cast("Mapping[str, Millis]", as_body(kept.get("changed")))
        return cls(as_body(kept.get("form")), cast("Millis | None", kept.get("since")), changed)

    def text(self) -> str:
        """As it is kept."""
        form, changed = dict(self.parts), dict(self.changed)
        return dumps({"form": form, "since": self.since, "changed": cast("Json", changed)}).decode()

    def now(self, derived: Derived, now: Millis) -> Self:
        """The form as the file stands now, with what was changed by now.

        A figure that is gone is no change: what is kept of it is in nobody's way.
        """
        parts = Form.begun(derived, None).parts
        edited = {
            name
            for name in {*parts, *(one for one in self.parts if one in PARTS)}
            if parts.get(name) != self.parts.get(name)
        }
        still = {name: at for name, at in self.changed.items() if name in parts or name in PARTS}
        return replace(self, parts=parts, changed={**still, **dict.fromkeys(edited, now)})
