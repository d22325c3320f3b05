"""The log of a bad day holds no secret and nobody's data, and neither do the reasons that are kept."""

import hashlib
import json

import httpx
import pytest

from tests.support.chaos import impatient, set_faults, wait_for
from tests.support.events import an_event
from tests.support.processes import DEMO_ENV, a_project, sandbox_running, server_running

pytestmark = pytest.mark.slow

SECRETS = {
    "SHOP_WRITE_KEY": "demo-write-key",
    "META_CONVERSION_API_TOKEN": "EAAB-never-in-a-log-1",
    "META_APP_SECRET": "never-in-a-log-2",
    "GTM_API_SECRET": "never-in-a-log-3",
    "POSTHOG_KEY": "phc_neverInALog4",
}
PERSON = {
    "email": "Filomena.Zuniga@correo.example",
    "phone": "+57 301 765 4321",
    "first_name": "Filomena",
    "last_name": "Zúñiga",
    "address": {"street": "Calle Inventada 77", "postal_code": "110999"},
}
IP = "198.51.100.77"
FAULTS = ("500:0.3,429:0.2,reset:0.2,wrong-json:0.1,html:0.1", "400", "401")
VENDORS = ("meta", "ga4", "gtm", "posthog")


def private_texts():
    """What may stand nowhere, in every form that a request or an answer gives it."""
    email = PERSON["email"].lower()
    plain = [email, "3017654321", "301 765 4321", "filomena", "zúñiga", "calle inventada", IP]
    digests = [hashlib.sha256(one.encode()).hexdigest() for one in (email, "573017654321")]
    return [*plain, *digests, *(secret.lower() for secret in SECRETS.values())]


def an_order_of_the_person(number):
    event = an_event(messageId=f"private-{number}", timestamp=..., userId=f"buyer-{number}")
    event["context"] = {**event["context"], "ip": IP, "traits": PERSON}
    event["properties"] = {**event["properties"], **PERSON}
    return event


def bad_requests(url, key):
    """Requests that are refused, each with something private in it."""
    email = PERSON["email"]
    for body in (f'{{"batch": "{email}"}}', f'{{"batch": [{{"type": "{email}"}}', f"{email}\x00"):
        httpx.post(f"{url}/v1/batch", auth=(key, ""), content=body.encode())
    httpx.post(f"{url}/v1/track?email={email}", auth=(f"wrong-{key}", ""), json={"type": "track"})
    httpx.get(f"{url}/nowhere/{email}?writeKey={key}")
    broken = {**an_order_of_the_person(0), "type": email, "messageId": 7, "timestamp": email}
    httpx.post(f"{url}/v1/batch", auth=(key, ""), json={"batch": [broken, email, [email]]})


def test_the_log_of_a_bad_day_has_no_secret_and_nobodys_data(tmp_path):
    key = SECRETS["SHOP_WRITE_KEY"]
    project = a_project(tmp_path)
    impatient(project, *VENDORS)

    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, project, **SECRETS) as shop:
            for number, faults in enumerate(FAULTS):
                set_faults(sandbox, faults, *VENDORS)
                shop.post([an_order_of_the_person(f"{number}-{one}") for one in range(10)], key=key)
                wait_for(lambda n=number: tried(shop, n), within_s=40)
            bad_requests(shop.server.url, key)
            kept = json.dumps(shop.deliveries(), ensure_ascii=False).lower()
            pages = [httpx.get(f"{shop.server.url}{path}").text for path in ("/readyz", "/metrics")]
        log = shop.server.said().lower()

    assert set(SECRETS) < set(DEMO_ENV) | set(SECRETS)
    assert "not taken" in log, "nothing failed, so nothing was put to the test"
    for text in private_texts():
        assert text not in log, f"{text} stands in the log"
        assert text not in kept, f"{text} stands in what is recorded of deliveries"
        assert text not in "".join(pages).lower(), f"{text} stands in /readyz or /metrics"


def tried(shop, number):
    """Whether each vendor was asked about these orders, or is paused by now."""
    found = [one for one in shop.deliveries() if one["message_id"].startswith(f"private-{number}-")]
    asked = {one["destination"] for one in found if one["state"] != "waiting"}
    ready = httpx.get(f"{shop.server.url}/readyz").json()["destinations"]
    return all(name in asked or ready[name]["state"] == "paused" for name in VENDORS)
