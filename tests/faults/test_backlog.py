"""Memory stays flat whatever waits for a destination that takes nothing."""

import json
from pathlib import Path

import pytest

from tests.support.events import an_event
from tests.support.processes import sandbox_running, server_running
from tests.support.releases import FILES, write_project

EVENTS, AT_ONCE = 100_000, 2_000
PAUSED = FILES["destinations/hook.yaml"].replace(
    "url: https://hook.example.com/in",
    'url: https://hook.example.com/in\n  headers: { Authorization: "Bearer {{ env.NEVER_SET }}" }',
)


def rss_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [one for one in status.splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@pytest.mark.slow
def test_a_backlog_of_a_hundred_thousand_events_leaves_memory_flat(tmp_path, capsys):
    project = write_project(tmp_path / "shop", {**FILES, "destinations/hook.yaml": PAUSED})
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project) as shop,
    ):
        figures = []
        for start in range(0, EVENTS, AT_ONCE):
            events = [an_event(messageId=f"m{start + n}", timestamp=...) for n in range(AT_ONCE)]
            assert shop.post(events).json()["accepted"] == AT_ONCE
            figures.append(rss_mib(shop.server.process.pid))
        waiting = json.loads(shop.encamina("deliveries", "--summary", "--json").stdout)

    after_10k, after_all = figures[4], figures[-1]
    with capsys.disabled():
        print(f"\nRSS after 10,000 events {after_10k:.0f} MiB, after 100,000 {after_all:.0f} MiB")
    assert sum(waiting["hook"].values()) == EVENTS
    assert after_all - after_10k < 40
