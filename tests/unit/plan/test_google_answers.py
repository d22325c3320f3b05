"""What Google's answers mean (docs/vendors/ga4.md, gtm.md), and the way into a container by JSON."""

import json
from dataclasses import replace

import httpx
import pytest
import trio

from engine.delivery.send import Sender
from engine.delivery.verify import ask
from engine.model.delivery import Answer, Dead, Delivered, Pause, Retry, Split, Unverified
from engine.pipeline.classify import classify
from engine.pipeline.decide import payload_of
from engine.pipeline.request import Moment, build_request
from engine.pipeline.verify import build_verification
from engine.sandbox.app import build_app
from tests.support.events import NOW, an_event
from tests.unit.plan.google_payloads import decisions, payload, the_release, with_context

DATA = {"GTM_DATA_PATH": "/data", "GTM_AUTHORIZATION": "Bearer hush"}
HTML = "<html><title>Error</title></html>"


def batch_of(destination, count):
    one = the_release().destination(destination)
    return [payload_of(one, payload(an_event(messageId=f"m-{at}"), "ga4")) for at in range(count)]


def outcomes(destination, status, body="", count=3):
    one = the_release(**DATA).destination(destination)
    return classify(one, batch_of(destination, count), Answer(status, {}, body), NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(204, Unverified), (200, Unverified), (404, Pause), (403, Pause), (413, Split), (411, Split),
     (429, Retry), (408, Retry), (500, Retry), (502, Retry), (503, Retry)],
)  # fmt: skip
@pytest.mark.parametrize("destination", ["ga4", "gtm", "gtm-data"])
def test_an_answer_of_google_means(destination, status, kind):
    assert {type(one) for one in outcomes(destination, status)} == {kind}


def test_a_single_event_that_is_too_large_is_dead():
    assert [type(one) for one in outcomes("ga4", 413, count=1)] == [Dead]


@pytest.mark.parametrize("destination", ["gtm", "gtm-data"])
def test_a_400_of_a_container_pauses_since_no_client_claimed_it(destination):
    (one, *_) = outcomes(destination, 400, HTML)

    assert isinstance(one, Pause)
    assert "no client of the container took the request" in one.reason


def square(**indexes):
    kinds = ("invalidSchemaEvents", "fullyFailedTagEvents", "partialFailedTagEvents", "failedTags")
    return {"status": "x", "error": None, **{kind: indexes.get(kind, []) for kind in kinds}}


def test_a_bearer_client_that_says_all_tags_worked_delivers():
    assert outcomes("gtm-data", 200, square()) == [Delivered()] * 3


def test_what_the_containers_schema_refuses_is_dead_and_the_others_go_again_at_once():
    first, second, third = outcomes("gtm-data", 206, square(invalidSchemaEvents=[1]))

    assert (type(first), type(second), type(third)) == (Retry, Dead, Retry)
    assert first.now


def test_what_every_tag_refused_is_sent_again_and_what_some_took_is_not():
    body = square(fullyFailedTagEvents=[0], partialFailedTagEvents=[1])

    assert [type(one) for one in outcomes("gtm-data", 206, body)] == [Retry, Unverified, Unverified]


def sent_to_the_container(events, **env):
    """The request that carries these events, by JSON."""
    release = the_release(**DATA, **env)
    one = release.destination("gtm-data")
    batch = [payload_of(one, payload(event, "gtm-data", **DATA, **env)) for event in events]
    return build_request(one, release.env, batch, Moment(NOW))


def test_a_json_event_is_flat_and_says_whose_it_is_and_from_where():
    event = with_context(page={"url": "https://tienda.co/pago?q=1"}, cookies={"_ga": "GA1.1.1.2"})

    request = sent_to_the_container([event])

    [body] = json.loads(request.body)
    assert request.url == "https://gtm.example.com/data"
    assert (body["event_name"], body["client_id"], body["transaction_id"]) == (
        "purchase",
        "1.2",
        "SO-1001",
    )
    assert (body["ip_override"], body["user_agent"]) == (
        "203.0.113.0",
        "Mozilla/5.0 (Linux; Android 15)",
    )
    assert (body["page_hostname"], body["page_path"]) == ("tienda.co", "/pago")
    assert body["items"][0]["item_id"] == "CEL-A56-128"
    assert isinstance(body["user_data"]["sha256_email_address"], str)
    assert not [key for key in body if key.startswith(("x-ga-", "x-sst-"))]


def test_a_json_event_without_address_and_browser_does_not_take_ours():
    [body] = json.loads(sent_to_the_container([with_context(ip=None, userAgent=None)]).body)

    assert (body["ip_override"], body["user_agent"]) == ("0.0.0.0", "encamina")


def test_a_delivery_can_be_found_in_the_containers_log():
    one, again = (sent_to_the_container([an_event(messageId="m-1")]) for _ in range(2))

    assert one.headers["trace-id"] == again.headers["trace-id"] == one.headers["X-Request-Id"]
    assert one.headers["Authorization"] == "Bearer hush"
    assert "Bearer hush" in one.secrets


def test_the_two_ways_into_a_container_are_not_both_on():
    modes = {name: the_release(**DATA).destination(name).mode.value for name in ("gtm", "gtm-data")}

    assert modes == {"gtm": "off", "gtm-data": "live"}
    assert the_release().destination("gtm-data").mode.value == "off"


def test_a_container_may_lie_under_a_path_and_its_client_under_another():
    env = {"GTM_SERVER_CONTAINER_URL": "https://tienda.co/metrics/", "GTM_MP_PATH": "/x7/collect"}
    release = the_release(**env)
    one = release.destination("gtm")

    request = build_request(
        one, release.env, [payload_of(one, payload(an_event(), "gtm", **env))], Moment(NOW)
    )

    assert request.url == "https://tienda.co/metrics/x7/collect"


def asked(destination, event, **env):
    """What the sandbox's vendor says of the event's payload."""
    release = the_release(**env)
    one = release.destination(destination)
    (decision,) = decisions(event, destination, **env)

    async def run():
        app = build_app(now=lambda: NOW / 1000)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            sender = Sender(client, "http://sandbox")
            opinion = await ask(sender, one, release.env, decision.payload, Moment(NOW))
            kept = (await client.get("http://sandbox/received")).json()["items"]
            return opinion, kept

    return trio.run(run)


@pytest.mark.parametrize("destination", ["ga4", "gtm", "gtm-data"])
def test_the_vendor_finds_nothing_in_a_good_payload_and_counts_nothing(destination):
    opinion, [kept] = asked(destination, an_event(), **DATA, GTM_MODE="live")

    assert (opinion.problems, opinion.fault) == ((), "")
    assert kept["accepted"] == []


@pytest.mark.parametrize("destination", ["ga4", "gtm"])
def test_the_vendors_words_are_told(destination):
    opinion, _ = asked(destination, an_event(timestamp="2026-11-17T14:00:00Z"))

    assert "too far in the past" in opinion.problems[0]


def test_events_are_collected_and_verified_within_the_eu_by_a_setting():
    release = the_release()
    one = release.destination("ga4")
    within = replace(one, settings={**one.settings, "host": "region1.google-analytics.com"})
    batch = batch_of("ga4", 1)

    sent = build_request(within, release.env, batch, Moment(NOW))
    checked = build_verification(within, one.verification, release.env, batch[0], Moment(NOW))

    assert sent.url == "https://region1.google-analytics.com/mp/collect"
    assert checked.url == "https://region1.google-analytics.com/debug/mp/collect"


def test_a_payload_for_counting_never_carries_what_the_validation_server_takes():
    release = the_release()
    request = build_request(
        release.destination("ga4"), release.env, batch_of("ga4", 1), Moment(NOW)
    )

    assert "validation_behavior" not in json.loads(request.body)
