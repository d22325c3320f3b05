"""Real processes whose wall clock jumps while they run, by libfaketime (Debian: faketime)."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

LIBRARY = "*/faketime/libfaketimeMT.so.1"
"""The one for programs with threads."""


def library() -> Path:
    """The library that fakes the clock; skips the test where it isn't installed, fails on CI."""
    for one in Path("/usr/lib").glob(LIBRARY):
        return one
    missing = "libfaketime is not installed: apt-get install faketime"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    raise AssertionError


@dataclass(frozen=True)
class JumpingClock:
    """The clock of the processes that run with ``env``; it goes right until it ``jumps``."""

    file: Path

    @property
    def env(self) -> dict[str, str]:
        """What a process is started with. Time that passes goes on as it is: only dates jump."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, ahead_s: int) -> None:
        """From now on the clock is so far ahead of the right time, or behind it."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}\n")
        new.replace(self.file)


def a_jumping_clock(folder: Path) -> JumpingClock:
    """A clock that is right."""
    clock = JumpingClock(folder / "clock")
    clock.jump(0)
    return clock
