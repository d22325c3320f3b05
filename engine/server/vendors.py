"""Real vendors or the sandbox: what ``ENCAMINA_VENDORS`` and ``ENCAMINA_SANDBOX_URL`` say."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.model.errors import ProjectError

SANDBOX_URL = "http://127.0.0.1:8090"


@dataclass(frozen=True, slots=True)
class Vendors:
    """``mode`` is sandbox or live; ``sandbox_url`` is None in live mode."""

    mode: str
    sandbox_url: str | None

    def __str__(self) -> str:
        """For the first lines of ``serve``."""
        if self.sandbox_url is None:
            return "live: requests go to the real vendors"
        return f"sandbox: requests go to {self.sandbox_url}, none to a real vendor"


def vendors_of(env: Mapping[str, str]) -> Vendors:
    """Where requests go; raises ``ProjectError`` for a word that is neither."""
    mode = env.get("ENCAMINA_VENDORS", "sandbox")
    if mode == "live":
        return Vendors(mode, None)
    if mode == "sandbox":
        return Vendors(mode, env.get("ENCAMINA_SANDBOX_URL", SANDBOX_URL))
    raise ProjectError(f'ENCAMINA_VENDORS is "{mode}"; expected sandbox or live')
