"""``encamina.yaml``: what is read of it, and what is said of what can't be."""

import pytest

from engine.project.spec import KeepSpec
from tests.support.releases import FILES, findings_of, write_project

DAY_MS = 86_400_000


def with_privacy(folder, text):
    settings = FILES["encamina.yaml"] + text
    return findings_of(write_project(folder, {**FILES, "encamina.yaml": settings}))


@pytest.mark.parametrize(
    ("text", "remember_ms"),
    [
        ("", 90 * DAY_MS),
        ("privacy: {}", 90 * DAY_MS),
        ("privacy: { remember: 30d }", 30 * DAY_MS),
        ("privacy: { remember: off }", 0),
        ("privacy: { remember: 0 }", 0),
        ("privacy: { remember: 0d }", 0),
    ],
)
def test_people_are_remembered_as_long_as_the_project_says(tmp_path, text, remember_ms):
    release, _ = with_privacy(tmp_path, text)

    assert release.spec.remember_ms == remember_ms


@pytest.mark.parametrize("value", ["forever", "-1d", "90", "7", "true"])
def test_what_is_no_time_is_told_with_its_place(tmp_path, value):
    release, [finding] = with_privacy(tmp_path, f"privacy: {{ remember: {value} }}")

    assert release is None
    assert "privacy.remember" in str(finding)
    assert "a time such as" in str(finding)


@pytest.mark.parametrize("value", ["1h", "23h59m", "1ms"])
def test_a_memory_that_is_shorter_than_a_day_is_told(tmp_path, value):
    release, [finding] = with_privacy(tmp_path, f"privacy: {{ remember: {value} }}")

    assert release is None
    assert f"privacy.remember is {value}, expected 1d or more, or off" in str(finding)


def test_a_memory_of_a_day_is_long_enough(tmp_path):
    release, findings = with_privacy(tmp_path, "privacy: { remember: 24h }")

    assert (release.spec.remember_ms, findings) == (DAY_MS, [])


def test_retention_has_defaults_and_takes_what_the_project_says(tmp_path):
    usual, _ = with_privacy(tmp_path / "usual", "")
    text = "privacy: { keep: { events: 1d, audit: 1y } }\ndisk: { most: 1GiB, free: 1MiB }"
    own, _ = with_privacy(tmp_path / "own", text)

    assert usual.spec.keep == KeepSpec(30 * DAY_MS, 730 * DAY_MS, 20 * 2**30, 500 * 2**20)
    assert own.spec.keep == KeepSpec(DAY_MS, 365 * DAY_MS, 2**30, 2**20)


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "in_flight_bytes"),
    [
        ("", 64 * MIB),
        ("server: { max_request: 1MiB }", 64 * MIB),
        ("server: { max_request: 32MiB }", 128 * MIB),
        ("server: { max_request: 1MiB, max_in_flight: 4MiB }", 4 * MIB),
    ],
)
def test_bodies_have_room_for_several_of_the_largest(tmp_path, text, in_flight_bytes):
    release, findings = with_privacy(tmp_path, text)

    assert (release.spec.server.max_in_flight_bytes, findings) == (in_flight_bytes, [])


def test_room_that_is_too_small_for_the_largest_body_is_told(tmp_path):
    release, [finding] = with_privacy(tmp_path, "server: { max_in_flight: 16MiB }")

    assert release is None
    assert "server.max_in_flight is 16MiB, expected at least 4 times" in str(finding)
