"""What never goes into a log: secrets, and what tells of a person, whoever put it into a text.

Our own notices name neither; a vendor's answer or an exception's words may repeat what was sent.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from engine.telemetry.contact import without_contact

LONGEST = 2_000
"""Characters of one text in the log."""

SHORTEST_SECRET = 6
"""A shorter value of the environment is found in innocent words."""

SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH|WEBHOOK|DSN", re.IGNORECASE)
PUBLIC_NAMES = re.compile(r"_(HOST|MODE|SCOPE|VERSION|ID)$", re.IGNORECASE)

PEM = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
SCHEME = re.compile(r"\b(bearer|basic|apikey|klaviyo-api-key)\s+[\w.~+/=:-]{4,}", re.IGNORECASE)
NAMED = re.compile(
    r"""((?:access_?token|api_?key|api_?secret|write_?key|auth|token|secret|password|key)
    ["']?\s*[=:]\s*["']?)[^\s"'&,;}]{4,}""",
    re.IGNORECASE | re.VERBOSE,
)


def secrets_of(env: Mapping[str, str]) -> list[str]:
    """The values of the environment that are secrets, by their names."""
    return [
        value
        for name, value in env.items()
        if SECRET_NAMES.search(name) and not PUBLIC_NAMES.search(name)
    ]


class Redactor:
    """Puts ``[email]``, ``[number]``, ``[ip]``, ``[hash]`` or ``[secret]`` where such was."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one may hold another.
        known = sorted({one for one in secrets if len(one) >= SHORTEST_SECRET}, key=len)[::-1]
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, _: Any, __: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """A line of the log, redacted; what structlog calls a processor."""
        return {name: self.value(value) for name, value in line.items()}

    def value(self, value: object) -> object:
        """A value of any kind, with all the texts in it redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))

    def text(self, text: str) -> str:
        """A text, redacted and cut."""
        if self._secrets is not None:
            text = self._secrets.sub("[secret]", text)
        text = PEM.sub("[secret]", text[: 2 * LONGEST])
        text = SCHEME.sub(r"\1 [secret]", text)
        text = NAMED.sub(r"\1[secret]", text)
        text = without_contact(text)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
