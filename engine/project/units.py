"""Values with a unit, as they stand in files: ``1MiB``, ``50/s``, ``7d``."""

import re

DURATIONS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "y": 365 * 86_400_000,
}
"""Milliseconds of each unit of time; a year is 365 days."""

SIZES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

PER = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
"""Seconds of each unit that a rate counts by."""

LONGEST_MS = 100 * DURATIONS["y"]
LARGEST_BYTES = 2**40

NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)"
ONE_DURATION = re.compile(rf"{NUMBER}(ms|min|[smhdwy])", re.ASCII)
DURATION = re.compile(rf"(?:{NUMBER}(ms|min|[smhdwy]))+", re.ASCII)
SIZE = re.compile(rf"{NUMBER}([KMG]i?B|B)", re.ASCII)
RATE = re.compile(rf"{NUMBER}/(s|min|h|d)", re.ASCII)
SHARE = re.compile(rf"{NUMBER}%", re.ASCII)

A_DURATION = "a time such as 250ms, 10s, 15m, 1h30m or 7d"
A_SIZE = "a size such as 500KB, 32KiB or 1MiB"
A_RATE = "a rate such as 50/s or 600/min"
A_SHARE = "a share such as 50% or 12.5%"


def parse_duration(text: str) -> int:
    """Milliseconds; raises ``ValueError`` with what is expected."""
    text = text.strip()
    if not DURATION.fullmatch(text):
        raise ValueError(f"expected {A_DURATION}")
    milliseconds = sum(
        float(number) * DURATIONS[unit] for number, unit in ONE_DURATION.findall(text)
    )
    if milliseconds > LONGEST_MS:
        raise ValueError("expected a time of at most 100 years")
    return round(milliseconds)


def duration_text(ms: int) -> str:
    """A time as files write it: ``30m``."""
    units = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000))
    name, size = next(((name, size) for name, size in units if ms % size == 0), ("ms", 1))
    return f"{ms // size}{name}"


def parse_size(text: str) -> int:
    """Bytes, at least one; raises ``ValueError`` with what is expected."""
    found = SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"expected {A_SIZE}")
    size = round(float(found[1]) * SIZES[found[2]])
    if not 1 <= size <= LARGEST_BYTES:
        raise ValueError("expected a size from 1B to 1024GiB")
    return size


def parse_rate(text: str) -> float:
    """How many a second, more than none; raises ``ValueError`` with what is expected."""
    found = RATE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"expected {A_RATE}")
    rate = float(found[1]) / PER[found[2]]
    if rate <= 0:
        raise ValueError("expected a rate of more than none; to send nothing, write mode: off")
    return rate


def parse_share(text: str) -> float:
    """A part of the whole, more than none and at most 1; raises ``ValueError`` as the others do."""
    found = SHARE.fullmatch(text.strip())
    if not found or not 0 < float(found[1]) <= 100:
        raise ValueError(f"expected {A_SHARE}, more than 0% and at most 100%")
    return float(found[1]) / 100
