"""A pull from end to end: the sandbox's export becomes events of the log, once a day, in budget."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.processes import a_project, sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

KEY = {"MICROSOFT_CLARITY_API_KEY": "demo-clarity-api-key"}


@pytest.fixture
def sandbox(tmp_path):
    with sandbox_running(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
def project(tmp_path):
    """The reference project, its pull due an hour ago: no test meets the hour of another day."""
    project = a_project(tmp_path)
    path = project / "rules/inbound/clarity-export.yaml"
    due = (datetime.now(UTC) - timedelta(hours=1)).strftime("%H:%M")
    text = path.read_text()
    assert 'at: "00:30"' in text
    path.write_text(text.replace('at: "00:30"', f'at: "{due}"').replace("after: 5m", "after: 0s"))
    return project


def ended(running):
    """The state of the pull, once an attempt has ended."""
    return wait_until(lambda: (one := pull_of(running)) and one.get("last") and one)


def pull_of(running):
    """What ``/readyz`` tells of the pull; None before it has looked."""
    return httpx.get(f"{running.server.url}/readyz").json()["pulls"].get("clarity-export")


def imported(running):
    lines = running.lines("events", "--limit", "1000")
    return [one for one in lines if one["event"]["event"] == "Clarity Insights Imported"]


def test_the_export_arrives_in_the_log_and_a_second_start_asks_for_nothing(
    tmp_path, sandbox, project
):
    with server_running(tmp_path, sandbox, project, **KEY) as running:
        first = ended(running)
        events = imported(running)
        [asked] = running.received("clarity")

    with server_running(tmp_path, sandbox, project, **KEY) as running:
        second = ended(running)
        again = imported(running)
        all_asked = running.received("clarity")

    assert asked["path"] == "/export-data/api/v1/project-live-insights"
    assert asked["query"] == {"numOfDays": "1", "dimension1": "URL"}
    assert asked["diagnostics"] == []
    assert first["state"] == "running"
    assert first["accepted"] == len(events) == 97
    assert first["budget"] == second["budget"] == {"used": 1, "of": 9}
    assert second["next"] == first["next"]
    assert len(again) == 97
    assert len(all_asked) == 1


def test_the_events_go_to_no_vendor(tmp_path, sandbox, project):
    with server_running(tmp_path, sandbox, project, **KEY) as running:
        ended(running)
        deliveries = running.settled(97)

    assert {one["state"] for one in deliveries} == {"skipped"}


def test_a_500_is_tried_once_more_and_a_refusal_is_told_with_its_reason(tmp_path, sandbox, project):
    httpx.post(f"{sandbox.url}/faults", json={"vendor": "clarity", "faults": "empty"})
    with server_running(tmp_path, sandbox, project, **KEY) as running:
        pull = wait_until(lambda: (one := ended(running))["budget"]["used"] == 2 and one)
        statuses = [one["status"] for one in running.received("clarity")]

    assert statuses == [500, 500]
    assert (pull["state"], pull["reason"]) == ("failing", "HTTP 500")
    assert "HTTP 500" in running.server.said()


def test_without_its_key_it_is_off_and_the_server_serves(tmp_path, sandbox, project):
    with server_running(tmp_path, sandbox, project) as running:
        pull = wait_until(lambda: pull_of(running))

        assert pull["state"] == "off"
        assert running.received("clarity") == []


def test_forced_on_without_its_key_it_is_paused_with_the_name(tmp_path, sandbox, project):
    with server_running(tmp_path, sandbox, project, CLARITY_EXPORT_MODE="live") as running:
        pull = wait_until(lambda: pull_of(running))
        told = running.encamina("validate", "--env").stderr

    assert pull == {"state": "paused", "reason": "not set: MICROSOFT_CLARITY_API_KEY"}
    assert "MICROSOFT_CLARITY_API_KEY is not set, so clarity-export will fetch nothing" in told
