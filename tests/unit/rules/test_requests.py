"""The requests of these destinations: signatures, keys, and what a person may see of them."""

import hashlib
import hmac
from functools import cache

import pytest

from engine.authoring.dry_run import request_of
from engine.model.cache import Caches
from engine.model.clock import Millis
from engine.pipeline.decide import payload_of
from engine.pipeline.request import Moment, build_request
from engine.project.read import read_project
from engine.release.build import build_release
from engine.release.destination import Mode
from tests.docs.pages import blocks
from tests.support.processes import ROOT

NOW = Millis(1_795_186_800_000)
ENV = {
    "SHOP_WRITE_KEY": "key",
    "AMPLITUDE_API_KEY": "the-amplitude-key",
    "MIXPANEL_PROJECT_ID": "7",
    "MIXPANEL_SERVICE_USER": "account",
    "MIXPANEL_SERVICE_SECRET": "the-mixpanel-secret",
    "KLAVIYO_API_KEY": "pk_the_klaviyo_key",
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/the-slack-secret",
    "WEBHOOK_URL": "https://erp.example.com/hooks?key=the-hook-key",
    "WEBHOOK_SECRET": "the-webhook-secret",
}
NAMES = ("amplitude", "mixpanel", "klaviyo", "slack", "webhook")
NEEDED = (
    *("AMPLITUDE_API_KEY", "MIXPANEL_SERVICE_SECRET", "KLAVIYO_API_KEY"),
    *("SLACK_WEBHOOK_URL", "WEBHOOK_URL"),
)
EVENT = {"id": "e-1", "type": "track", "properties": {"name": "señal <ñ>"}}


@cache
def the_release(**env):
    told = {name: value for name, value in {**ENV, **env}.items() if value}
    project, _ = read_project(ROOT, told)
    return build_release(project, Caches.on())[0]


def the_request(release, name, *bodies, now=NOW, **env):
    destination = release.destination(name)
    payloads = [payload_of(destination, body) for body in bodies]
    return build_request(destination, {**ENV, **env}, payloads, Moment(now))


def signed(secret, request, time):
    text = f"{time}.".encode() + request.body
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def test_the_webhook_signs_the_time_and_the_exact_bytes():
    request = the_request(the_release(), "webhook", EVENT)

    expected = signed("the-webhook-secret", request, 1795186800)
    assert request.headers["X-Signature"] == f"t=1795186800,v1={expected}"
    assert "ñ".encode() in request.body


def test_the_page_s_receiver_takes_our_signature_and_no_other():
    [block] = blocks(ROOT / "docs/vendors/webhook.md", "python")
    receiver = {}
    exec(block.text, receiver)
    is_ours = receiver["is_ours"]
    request = the_request(the_release(), "webhook", EVENT, WEBHOOK_SECRET_NEXT="next")
    told, body, now = request.headers["X-Signature"], request.body, NOW / 1000

    assert is_ours(told, body, [b"the-webhook-secret"], now)
    assert is_ours(told, body, [b"next", b"one after it"], now + 300)
    assert not is_ours(told, body, [b"another"], now)
    assert not is_ours(told, body + b" ", [b"next"], now)
    assert not is_ours(told, body, [b"next"], now + 301)
    assert not is_ours("", body, [b"next"], now)


def test_two_secrets_sign_while_one_replaces_the_other():
    request = the_request(the_release(), "webhook", EVENT, WEBHOOK_SECRET_NEXT="next")

    old, new = (signed(one, request, 1795186800) for one in ("the-webhook-secret", "next"))
    assert request.headers["X-Signature"] == f"t=1795186800,v1={old},v1={new}"


def test_a_later_attempt_has_a_fresh_signature_and_the_same_key():
    release = the_release()
    first = the_request(release, "webhook", EVENT)
    second = the_request(release, "webhook", EVENT, now=Millis(NOW + 60_000))

    assert first.body == second.body
    assert first.headers["X-Signature"] != second.headers["X-Signature"]
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == "e-1"
    assert first.headers["X-Event-Id"] == "e-1"


def test_mixpanel_s_account_goes_as_basic_and_strict_is_on():
    request = the_request(the_release(), "mixpanel", {"event": "a"}, {"event": "b"})

    assert request.headers["Authorization"] == "Basic YWNjb3VudDp0aGUtbWl4cGFuZWwtc2VjcmV0"
    assert request.params == {"strict": "1", "project_id": "7"}
    assert request.body == b'[{"event":"a"},{"event":"b"}]'


def test_klaviyo_s_request_carries_its_version():
    request = the_request(the_release(), "klaviyo", {"unique_id": "SO-1"})

    assert request.headers["revision"] == "2026-04-15"
    assert request.body == b'{"data":{"type":"event","attributes":{"unique_id":"SO-1"}}}'


def test_amplitude_is_told_that_ids_may_be_short():
    request = the_request(the_release(), "amplitude", {"user_id": "42"})

    assert request.body == (
        b'{"api_key":"the-amplitude-key","events":[{"user_id":"42"}],"options":{"min_id_length":1}}'
    )


@pytest.mark.parametrize(
    ("name", "variable", "host"),
    [
        ("amplitude", "AMPLITUDE_HOST", "api.eu.amplitude.com"),
        ("mixpanel", "MIXPANEL_HOST", "api-eu.mixpanel.com"),
    ],
)
def test_a_project_that_is_kept_in_europe_is_sent_there(name, variable, host):
    request = the_request(the_release(**{variable: host}), name, {"event": "a"})

    assert request.url.startswith(f"https://{host}/")


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_shown_to_a_person(name):
    release = the_release()
    destination = release.destination(name)

    shown = str(request_of(release, destination, payload_of(destination, EVENT), NOW))

    secrets = [
        *("the-amplitude-key", "the-mixpanel-secret", "YWNjb3VudDp0aGU", "pk_the_klaviyo_key"),
        *("the-slack-secret", "the-hook-key", "the-webhook-secret"),
    ]
    assert [one for one in secrets if one in shown] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_shop_without_the_vendor_s_secret_needs_nothing(name):
    release = the_release(**dict.fromkeys(NEEDED, ""))

    assert release.destination(name).mode is Mode.OFF


def test_an_address_without_a_secret_waits_for_the_secret_alone():
    release = the_release(WEBHOOK_SECRET="")

    assert release.destination("webhook").unset == ("WEBHOOK_SECRET",)


@pytest.mark.parametrize("name", NAMES)
def test_a_shop_with_the_vendor_s_secret_is_live(name):
    assert the_release().destination(name).mode is Mode.LIVE
