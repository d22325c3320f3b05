"""TikTok, Pinterest and Google Ads, from the command line to their stand-ins and back."""

import json

import httpx
import pytest

from tests.support.accounts import credentials
from tests.support.events import an_event
from tests.support.processes import ROOT, a_project, sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

DAY = ROOT / "tests" / "data" / "shop-day.jsonl"
VENDORS = ("tiktok", "pinterest", "google-ads")
ONLY_ADS = {"META_MODE": "off", "GA4_MODE": "off", "POSTHOG_MODE": "off", "GTM_MODE": "off"}
HARMLESS = {
    "duplicate",  # an order told twice
    "counts_as_offline",  # the day is longer than an hour
}


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    key = tmp_path_factory.mktemp("key") / "service-account.json"
    key.write_text(credentials())
    return {
        **ONLY_ADS,
        "TIKTOK_ACCESS_TOKEN": "demo-tiktok-token",
        "TIKTOK_PIXEL_CODE": "C0DE",
        "PINTEREST_CONVERSION_TOKEN": "demo-pinterest-token",
        "PINTEREST_AD_ACCOUNT_ID": "549755885175",
        "GOOGLE_ADS_CREDENTIALS": str(key),
        "GOOGLE_ADS_CUSTOMER_ID": "123-456-7890",
        "GOOGLE_ADS_PURCHASE_ACTION": "7001",
        "GOOGLE_ADS_SIGN_UP_ACTION": "7002",
        "GOOGLE_ADS_LEAD_ACTION": "7003",
    }


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def day(tmp_path_factory, env):
    """A pair of its own after the day was sent and everything has its fate."""
    folder = tmp_path_factory.mktemp("day")
    with sandbox_running(folder) as own, server_running(folder, own, **env) as running:
        sent = running.encamina("send", str(DAY), "--redate", "--json", "--url", running.server.url)
        accepted = json.loads(sent.stdout)["accepted"]
        running.settled(expected=accepted * len(VENDORS), within_s=90)
        yield running


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_shop_s_day_is_delivered_and_nothing_is_dead(day, vendor):
    deliveries = day.deliveries("--destination", vendor)
    sent = [one for one in deliveries if one["attempts"]]

    assert {one["state"] for one in deliveries} <= {"delivered", "unverified", "skipped"}
    assert sent
    assert len(day.accepted(vendor)) == len(sent)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_stand_in_took_the_day_without_complaint(day, vendor):
    items = day.received(vendor)

    assert {item["status"] for item in items} == {200}
    notes = {note["code"] for item in items for note in item["diagnostics"]}
    assert notes <= HARMLESS, [item["diagnostics"] for item in items if item["diagnostics"]]


def test_google_s_token_is_fetched_once_for_the_whole_day(day):
    paths = [item["path"] for item in day.received("google-ads")]

    assert paths[0] == "/token"
    assert paths.count("/token") == 1


def test_no_secret_is_written_to_the_log(day):
    said = day.server.said()

    for secret in ("demo-tiktok-token", "demo-pinterest-token", "PRIVATE KEY", "sandbox-"):
        assert secret not in said


BAD_RULE = """
rules:
  - name: bad
    match: { type: track, event: Order Completed }
    when: "{{ properties.order_id == 'BAD' }}"
    payload: %s
"""
BAD = {
    "tiktok": "{ item: { event_time: null, event: Purchase } }",
    "pinterest": "{ event_name: Purchase }",
    "google-ads": "{ conversion_action: '7001', event: { eventTimestamp: yesterday } }",
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_one_bad_event_is_dead_and_the_others_go(tmp_path, sandbox, env, vendor):
    project = a_project(tmp_path)
    destination, rules = project / f"destinations/{vendor}.yaml", project / f"rules/{vendor}.yaml"
    contract = f"contract: schemas/payloads/{vendor}.yaml\n"
    destination.write_text(destination.read_text().replace(contract, ""))
    rules.write_text(rules.read_text().replace("\nrules:\n", BAD_RULE % BAD[vendor], 1))
    others = {
        name: "off"
        for name in ("TIKTOK_MODE", "PINTEREST_MODE", "GOOGLE_ADS_MODE")
        if not name.startswith(vendor.replace("-", "_").upper())
    }
    properties = an_event()["properties"]
    orders = [
        an_event(
            messageId=f"{vendor}-{order_id}",
            timestamp=...,
            properties={**properties, "order_id": order_id},
        )
        for order_id in ("SO-1", "SO-2", "BAD", "SO-3")
    ]

    with server_running(tmp_path, sandbox, project, **env, **others) as running:
        running.post(orders)
        running.settled(expected=4)
        states = {
            one["message_id"]: one["state"] for one in running.deliveries("--destination", vendor)
        }
        [dead] = running.deliveries("--destination", vendor, "--state", "dead")

    taken = "unverified" if vendor == "google-ads" else "delivered"
    assert states == {
        f"{vendor}-SO-1": taken,
        f"{vendor}-SO-2": taken,
        f"{vendor}-BAD": "dead",
        f"{vendor}-SO-3": taken,
    }
    assert "expected" in dead["reason"] or "event_name" in dead["reason"]


def at_google(running, state):
    return running.deliveries("--destination", "google-ads", "--state", state)


def test_an_account_without_a_token_pauses_its_destination_and_keeps_everything(
    tmp_path, sandbox, env
):
    off = {"TIKTOK_MODE": "off", "PINTEREST_MODE": "off"}
    httpx.post(f"{sandbox.url}/faults", json={"vendor": "google-ads", "faults": "no-token"})
    try:
        with server_running(tmp_path, sandbox, **{**env, **off}) as running:
            running.post([an_event(messageId="kept-1", timestamp=...)])
            [paused] = wait_until(lambda: at_google(running, "paused"))
            ready = httpx.get(f"{running.server.url}/readyz").json()
    finally:
        httpx.post(f"{sandbox.url}/faults", json={"vendor": "google-ads", "faults": ""})

    assert paused["reason"] == (
        "no token for the account of GOOGLE_ADS_CREDENTIALS: "
        "HTTP 400: invalid_grant: Invalid JWT Signature."
    )
    assert ready["destinations"]["google-ads"]["state"] == "paused"


def test_vendors_can_be_asked_about_an_order_and_record_nothing(tmp_path, sandbox, env):
    order = tmp_path / "order.json"
    order.write_text(json.dumps(an_event(messageId="asked-1", timestamp=...)))

    with server_running(tmp_path, sandbox, **env) as running:
        [line] = running.lines("dry-run", str(order), "--against-vendor")

    told = {one["destination"]: one["vendor"] for one in line["destinations"] if "vendor" in one}
    assert told["pinterest"] == {"asked": True, "problems": []}
    assert told["google-ads"] == {"asked": True, "problems": []}
    assert "asked-1" not in running_keys(sandbox)


def running_keys(sandbox):
    items = httpx.get(f"{sandbox.url}/received", params={"limit": 1000}).json()["items"]
    return {key for item in items for key in item["accepted"]}
