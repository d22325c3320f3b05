import hashlib
import hmac

import orjson
import pytest

PATH = "/webhook/hooks/encamina"
EVENT = {"id": "e-1", "type": "track", "timestamp": "2026-09-21T14:13:20Z", "user": {"id": "ana"}}
DEMO = b"demo-webhook-secret"


def signature(time, raw, *secrets):
    signed = f"{time}.".encode() + raw
    values = [hmac.new(one, signed, hashlib.sha256).hexdigest() for one in secrets]
    return ",".join([f"t={time}", *(f"v1={value}" for value in values)])


def post(sandbox, event=EVENT, *, secrets=(DEMO,), age=0, **headers):
    raw = orjson.dumps(event)
    told = {
        "X-Signature": signature(int(sandbox.now) - age, raw, *secrets),
        "Idempotency-Key": event.get("id", "e-1"),
        "X-Event-Id": event.get("id", "e-1"),
        **headers,
    }
    return sandbox.ask("POST", PATH, content=raw, headers=told)


def test_a_signed_event_is_taken(sandbox):
    assert post(sandbox).status_code == 200
    assert sandbox.last()["accepted"] == ["e-1"]
    assert sandbox.noted() == set()


def test_one_good_signature_of_two_is_enough_while_secrets_change(sandbox):
    post(sandbox, secrets=(b"the next one", DEMO))

    assert sandbox.noted() == set()


def test_a_signature_by_a_secret_that_only_the_user_knows_is_noted(sandbox):
    assert post(sandbox, secrets=(b"mine",)).status_code == 200
    assert sandbox.noted() == {"unknown_secret"}


@pytest.mark.parametrize(
    "header", ["", "v1=" + "0" * 64, "t=1790000000", "t=soon,v1=" + "0" * 64, "t=1790000000,v1=abc"]
)
def test_a_signature_of_another_form_is_refused(sandbox, header):
    assert post(sandbox, **{"X-Signature": header}).status_code == 401


@pytest.mark.parametrize(("age", "status"), [(300, 200), (301, 401), (-301, 401)])
def test_a_time_more_than_five_minutes_away_is_refused(sandbox, age, status):
    assert post(sandbox, age=age).status_code == status


def test_the_same_request_again_is_refused_as_a_replay(sandbox):
    post(sandbox)

    assert post(sandbox).status_code == 409


def test_the_same_event_signed_anew_is_taken_and_counts_once(sandbox):
    post(sandbox)
    sandbox.now += 1

    assert post(sandbox).status_code == 200
    assert sandbox.noted() == {"duplicate"}


def test_a_request_without_its_key_is_refused(sandbox):
    answer = post(sandbox, **{"Idempotency-Key": ""})

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "Idempotency-Key or X-Event-Id is missing"},
    )


def test_the_id_of_header_and_body_are_one(sandbox):
    assert post(sandbox, **{"X-Event-Id": "e-2"}).status_code == 422
