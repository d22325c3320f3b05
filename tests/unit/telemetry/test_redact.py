"""No secret and nothing of a person in a log, whoever put it into a text."""

import io
import json
import time

import pytest

from engine.telemetry.logs import make_logger
from engine.telemetry.redact import Redactor, secrets_of

PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no user lucia.perez+1@tienda.example.com", "no user [email]"),
        ("GET /p?e=lucia%40example.com&x=1", "GET /p?e=[email]&x=1"),
        ("phone +57 300 123 4567 is invalid", "phone [number] is invalid"),
        ("phone 573001234567 is invalid", "phone [number] is invalid"),
        ("call (300) 123-4567", "call [number]"),
        ("from 203.0.113.9 and 2001:db8::1", "from [ip] and [ip]"),
        ("peer 186.80.12.4:443", "peer [ip]:443"),
        ("Authorization: Bearer EAAB.x-y_z", "Authorization: Bearer [secret]"),
        ("Basic ZGVtbzo=", "Basic [secret]"),
        ("?access_token=EAAB123&a=1", "?access_token=[secret]&a=1"),
        ('{"api_secret": "abcdef"}', '{"api_secret": "[secret]"}'),
        (f"em {'ab' * 32}", "em [hash]"),
        (f"key {PRIVATE_KEY} ends", "key [secret] ends"),
        ("the demo-token-1 was refused", "the [secret] was refused"),
    ],
)
def test_what_is_private_is_not_shown(text, shown):
    assert Redactor(["demo-token-1"]).text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "no answer within 10 s",
        "http://127.0.0.1:8090/meta/v25.0/1234567890123456/events",
        "2026-11-25T03:45:20.123Z",
        "at 12:30:45 on 2026-11-25",
        "rules/meta.yaml:14:18 E204 no field",
        "f0ae1284-a9cc-4ff7-8eaf-6d618434d99c",
        "release a670a5ad724a",
        "version 25.0.1 of 3.11",
        "Faltó el campo «correo»: 1,000 eventos",
    ],
)
def test_what_helps_to_find_a_fault_stays(text):
    assert Redactor(["a-secret"]).text(text) == text


def test_a_secret_that_holds_another_is_hidden_whole():
    assert Redactor(["abcdef", "abcdef-123456"]).text("abcdef-123456") == "[secret]"


def test_every_value_of_a_line_is_looked_through():
    stream = io.StringIO()
    log = make_logger(as_json=True, stream=stream, secrets=["geheim-1"])

    log.error(
        "lucia@example.com",
        reason={"lucia@example.com": ["geheim-1", ("203.0.113.9", 7)]},
        fault=ValueError("geheim-1"),
        count=3,
    )

    line = json.loads(stream.getvalue())
    assert line["event"] == "[email]"
    assert line["reason"] == {"[email]": ["[secret]", ["[ip]", 7]]}
    assert (line["fault"], line["count"], line["level"]) == ("[secret]", 3, "error")


def test_secrets_are_known_by_their_names():
    env = {"META_TOKEN": "a1", "SLACK_WEBHOOK_URL": "b2", "HOME": "/root", "POSTHOG_HOST": "h"}

    assert secrets_of(env) == ["a1", "b2"]


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "1:" * 50_000, "a@" * 50_000, "+1 " * 30_000, "key=" * 25_000]
)
def test_a_long_text_is_cut_and_costs_no_time(text):
    began = time.perf_counter()
    shown = Redactor(["secret-1"]).text(text)

    assert len(shown) <= 2_001
    assert time.perf_counter() - began < 0.2
