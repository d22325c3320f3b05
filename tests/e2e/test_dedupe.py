"""A repeat is one to every vendor that can tell: the same event has the same key there, always."""

import signal

import httpx
import pytest

from engine.release.destination import Destination, Mode
from tests.support.accounts import credentials
from tests.support.events import an_event
from tests.support.processes import DEMO_ENV, sandbox_running, server_running, wait_until
from tests.support.releases import the_reference_release
from tests.unit.limits.cases import tables

pytestmark = pytest.mark.slow

ENV = {name: value for table in tables() for name, value in table.env.items()} | {
    "GOOGLE_ADS_CREDENTIALS": credentials(),
    "GOOGLE_ADS_PURCHASE_ACTION": "7788",
}
"""What the destinations that are off without their secrets want."""

CONSENT = dict.fromkeys(("advertising", "analytics", "functional"), True)


def that_know_repeats() -> list[Destination]:
    release = the_reference_release(DEMO_ENV | ENV)
    return [
        one
        for one in release.destinations
        if one.dedupe is not None and one.request is not None and one.mode is Mode.LIVE
    ]


DESTINATIONS = that_know_repeats()
VENDORS = sorted({one.vendor for one in DESTINATIONS})
SILENT = [vendor for vendor in VENDORS if vendor != "google-ads"]
"""Whose stand-in takes and never answers at first; Google Ads would give no token either."""


def test_the_reference_has_these_destinations_that_know_a_repeat():
    assert {"meta", "posthog", "tiktok", "pinterest", "amplitude", "mixpanel"} <= set(VENDORS)


def test_an_event_sent_twice_and_again_after_a_crash_carries_one_key(tmp_path):
    order = an_event(messageId="order-paid-1", timestamp=...)
    order["context"]["consent"] = {"categoryPreferences": CONSENT}

    with sandbox_running(tmp_path) as sandbox:
        set_faults(sandbox, "timeout")  # taken, and never answered
        with server_running(tmp_path, sandbox, **ENV) as shop:
            shop.post([order])
            shop.post([order])
            wait_until(lambda: all(shop.accepted(vendor) for vendor in VENDORS))
            shop.server.process.send_signal(signal.SIGKILL)
            shop.server.process.wait()

        before = {vendor: len(shop.accepted(vendor)) for vendor in SILENT}
        set_faults(sandbox, "")
        with server_running(tmp_path, sandbox, **ENV) as shop:
            wait_until(lambda: all(len(shop.accepted(one)) > before[one] for one in SILENT))

        # Another server that has seen nothing of it, as after the loss of a disk.
        (tmp_path / "other").mkdir()
        seen = {vendor: len(shop.accepted(vendor)) for vendor in VENDORS}
        with server_running(tmp_path / "other", sandbox, **ENV) as shop:
            shop.post([order])
            wait_until(lambda: all(len(shop.accepted(one)) > seen[one] for one in VENDORS))
            keys = {vendor: sorted(map(str, shop.accepted(vendor))) for vendor in VENDORS}

    # Klaviyo gets an order and each of its lines, so three keys, each again and again.
    counts = {vendor: len(set(found)) for vendor, found in keys.items()}
    assert counts == {vendor: 3 if vendor == "klaviyo" else 1 for vendor in VENDORS}, keys
    assert all("None" not in found for found in keys.values())


def set_faults(sandbox, faults):
    for vendor in SILENT:
        answer = httpx.post(f"{sandbox.url}/faults", json={"vendor": vendor, "faults": faults})
        assert answer.status_code == 200
