"""Values with a unit say what they are, or what is expected instead."""

import pytest

from engine.project.units import parse_duration, parse_rate, parse_share, parse_size


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("250ms", 250), ("10s", 10_000), ("1.5s", 1500), ("15m", 900_000), ("15min", 900_000),
     ("24h", 86_400_000), ("7d", 604_800_000), ("1h30m", 5_400_000), ("2w", 1_209_600_000),
     ("1y", 31_536_000_000), ("0s", 0), (" 5s ", 5000)],
)  # fmt: skip
def test_a_time_gives_milliseconds(text, milliseconds):
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("1B", 1), ("500KB", 500_000), ("32KiB", 32_768), ("1MiB", 2**20), ("1.5MiB", 1_572_864),
     ("2GB", 2 * 10**9)],
)  # fmt: skip
def test_a_size_gives_bytes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "rate"), [("50/s", 50), ("600/min", 10), ("36/h", 0.01), ("0.5/s", 0.5)]
)
def test_a_rate_gives_how_many_a_second(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(("text", "share"), [("50%", 0.5), ("100%", 1), ("12.5%", 0.125)])
def test_a_share_gives_a_part_of_one(text, share):
    assert parse_share(text) == share


BAD = [
    (parse_duration, ["", "10", "s", "10 s", "10sec", "-1s", "1h 30m", "1e3s"], "10s, 15m"),
    (parse_duration, ["101y", "999999999999d"], "at most 100 years"),
    (parse_size, ["", "1", "1Mib", "1 MiB", "1TB", "-1B", "MiB"], "500KB, 32KiB or 1MiB"),
    (parse_size, ["0B", "999999999999GiB"], "from 1B to 1024GiB"),
    (parse_rate, ["", "50", "50/m", "50/ s", "/s", "50s"], "50/s or 600/min"),
    (parse_rate, ["0/s"], "mode: off"),
    (parse_share, ["", "50", "50 %", "0%", "101%", "-5%", "half"], "at most 100%"),
]


@pytest.mark.parametrize(("parse", "texts", "words"), BAD)
def test_what_is_no_such_value_is_refused_with_what_is_expected(parse, texts, words):
    for text in texts:
        with pytest.raises(ValueError, match=words):
            parse(text)
