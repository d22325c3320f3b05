"""The memory of a person, from a visit in the browser to an order that a payment service reports."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.events import an_event
from tests.support.processes import ROOT, sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
VISIT = NOW - timedelta(hours=30)
FBP, FBC = "fb.1.1735689600456.1029384756", "fb.1.1735689600123.PrUeBa_0-aZ"
# An address that anybody may have: those that are kept for examples are not sent to vendors.
IP, AGENT = "190.24.10.7", "Mozilla/5.0 (Linux; Android 15) Chrome/142.0"
CONSENT = {"categoryPreferences": {"advertising": True, "analytics": True}}


def at(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def page_view(anonymous="anon-lucia", visitor=1, **more):
    cookies = {
        "_fbp": f"{FBP}{visitor}",
        "_fbc": FBC,
        "_ga": f"GA1.1.116282043{visitor}.1749482504",
        "_ga_ABC123": f"GS2.1.s{int(VISIT.timestamp())}$o1$g0$t{int(VISIT.timestamp())}$j0$l0$h0",
    }
    page = {"url": "https://tienda.example.com/celulares", "title": "Celulares"}
    context = {"ip": IP, "userAgent": AGENT, "cookies": cookies, "page": page, "consent": CONSENT}
    return {
        "type": "page",
        "messageId": f"visit-{anonymous}",
        "anonymousId": anonymous,
        "timestamp": at(VISIT),
        "context": context,
        **more,
    }


def login(user="lucia", anonymous="anon-lucia"):
    return {
        "type": "identify",
        "messageId": f"login-{user}",
        "userId": user,
        "anonymousId": anonymous,
        "timestamp": at(VISIT + timedelta(minutes=2)),
        "traits": {"email": f"{user}@example.com"},
    }


def order(message_id, moment=VISIT + timedelta(minutes=9), user="lucia", context=...):
    """What a payment service knows: who it was; nothing of the browser, nor what they agreed to."""
    bare = {"anonymousId": ..., "context": context}
    return an_event(messageId=message_id, timestamp=at(moment), userId=user, **bare)


def refusal(anonymous, moment):
    """A page view in which they change their mind."""
    refused = {"categoryPreferences": {"advertising": False, "analytics": True}}
    context = {"consent": refused, "page": {"url": "https://tienda.example.com/privacidad"}}
    more = {"messageId": f"refusal-{anonymous}", "timestamp": at(moment), "context": context}
    return page_view(anonymous, **more)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server that saw the visit, the login and an order, was restarted, and saw more orders."""
    folder = tmp_path_factory.mktemp("memory")
    with sandbox_running(folder) as sandbox:
        with server_running(folder, sandbox) as running:
            running.post([page_view()])
            running.post([page_view("anon-marta", 2), login("marta", "anon-marta")])
            running.post([login()])
            running.post([order("order-soon")])
            assert running.server.ended() == 0
        with server_running(folder, sandbox) as running:
            running.post([order("order-restart"), order("order-unknown", user="nobody-knows")])
            running.post([order("order-stranger", user="stranger", context={"consent": CONSENT})])
            running.post([order("order-late", VISIT + timedelta(hours=25))])
            running.post([refusal("anon-marta", VISIT + timedelta(hours=1))])
            running.post([order("order-refused", VISIT + timedelta(hours=2), user="marta")])
            # They refused meanwhile, so it does not matter that they agreed when they bought.
            running.post([order("order-refused-since", user="marta")])
            for vendor in ("meta", "ga4"):
                wait_until(lambda vendor=vendor: at_vendor(running, vendor, "order-late"))
            wait_until(lambda: at_vendor(running, "ga4", "order-stranger"))
            yield running


def at_vendor(running, vendor, message_id):
    """The bodies that a vendor's stand-in accepted with this order."""
    found = running.received(vendor, message_id=message_id)
    return [one["body"] for one in found if one["status"] in (200, 204)]


def at_meta(running, message_id):
    [body, *_] = wait_until(lambda: at_vendor(running, "meta", message_id))
    [purchase] = [one for one in body["data"] if one["event_id"] == message_id]
    return purchase["user_data"]


def at_ga4(running, message_id):
    [body, *_] = wait_until(lambda: at_vendor(running, "ga4", message_id))
    [event] = [one for one in body["events"] if one["params"]["event_id"] == message_id]
    return body, event["params"]


@pytest.mark.parametrize("message_id", ["order-soon", "order-restart"])
def test_a_bare_order_reaches_meta_with_the_click_and_the_browser(served, message_id):
    user = at_meta(served, message_id)

    assert (user["fbp"], user["fbc"]) == (f"{FBP}1", FBC)
    assert (user["client_ip_address"], user["client_user_agent"]) == (IP, AGENT)


@pytest.mark.parametrize("message_id", ["order-soon", "order-restart"])
def test_a_bare_order_reaches_ga4_in_the_browser_s_visit(served, message_id):
    body, params = at_ga4(served, message_id)

    assert body["client_id"] == "1162820431.1749482504"
    assert body["user_agent"] == AGENT
    assert params["session_id"] == str(int(VISIT.timestamp()))


def test_an_order_a_day_later_belongs_to_no_visit(served):
    body, params = at_ga4(served, "order-late")

    assert body["client_id"] == "1162820431.1749482504"
    assert "session_id" not in params
    assert at_meta(served, "order-late")["fbp"] == f"{FBP}1"


def test_another_person_gets_nothing_of_it(served):
    user = at_meta(served, "order-stranger")
    body, params = at_ga4(served, "order-stranger")

    assert user.keys().isdisjoint({"fbp", "fbc", "client_ip_address", "client_user_agent"})
    assert body["client_id"] not in {"1162820431.1749482504", "1162820432.1749482504"}
    assert "session_id" not in params


def test_what_is_remembered_is_written_with_the_event(served):
    [row] = served.lines("events", "order-soon")

    context = row["event"]["context"]
    assert row["event"]["anonymousId"] == "anon-lucia"
    assert context["traits"] == {"email": "lucia@example.com"}
    assert "consent" not in context
    assert "context.cookies._fbp" in context["remembered"]


@pytest.mark.parametrize("message_id", ["order-refused", "order-refused-since", "order-unknown"])
def test_who_refused_or_never_said_anything_is_not_sent_to_ads(served, message_id):
    [fate] = wait_until(
        lambda: served.deliveries("--message-id", message_id, "--destination", "meta")
    )

    assert (fate["state"], fate["reason"]) == ("skipped", "consent")


def test_what_was_not_refused_still_goes(served):
    body, _ = at_ga4(served, "order-refused")

    assert body["consent"] == {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}


def test_dry_run_of_the_stored_event_says_what_was_remembered(served):
    stored = served.encamina("events", "order-soon", "--json").stdout

    at_meta = ("--destination", "meta", "--data", str(served.data))
    said = dry_run(served, stored, *at_meta, "--explain").splitlines()
    [payload] = dry_run(served, stored, *at_meta, "--json").splitlines()

    assert any("consent: advertising granted by what is stored" in line for line in said)
    remembered = [line.strip().split(" = ")[0] for line in said if "    remembered    " in line]
    assert {"user_data.fbp", "user_data.fbc", "user_data.client_ip_address"} <= set(remembered)
    assert "event_id" not in remembered
    [fate] = json.loads(payload)["destinations"]
    assert fate["payload"]["user_data"]["fbp"] == f"{FBP}1"


def dry_run(served, events, *options):
    done = subprocess.run(
        [sys.executable, "-m", "cli", "dry-run", "-", *options],
        cwd=ROOT,
        env=served.env,
        input=events,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
