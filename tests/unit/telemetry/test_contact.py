"""The one mask of the log, of kept answers and of reasons: what it hides, and what it leaves."""

import time

import pytest

from engine.delivery.answers import heard, words_of
from engine.model.clock import Millis
from engine.model.delivery import Answer
from engine.telemetry.contact import without_contact
from engine.telemetry.redact import Redactor

HIDDEN = [
    ("bad ana.perez@gmail.com, sorry", "bad [email], sorry"),
    ("to ana@localhost failed", "to [email] failed"),
    ("e=lucia%40example.com&x=1", "e=[email]&x=1"),
    ("e=lucia%2540example.com&x=1", "e=[email]&x=1"),
    ("ñandú@tienda.example.co", "[email]"),
    ("of ana@10.1.2.3", "of [email]"),
    ("601 7654321", "[number]"),
    ("(601) 765 4321", "[number]"),
    ("(601)7654321", "[number]"),
    ("601-7654321", "[number]"),
    ("573007654321", "[number]"),
    ("573007654321x", "[number]x"),
    ("cel3007654321", "cel[number]"),
    ("+573007654321 …", "[number] …"),
    ("+57 (300) 765-4321", "[number]"),
    ("+57 300-765-4321 ya", "[number] ya"),
    ("300.765.4321", "[number]"),
    ("300 765 4321", "[number]"),
    ("300\u00a0765\u00a04321", "[number]"),
    ("300\u2013765\u20134321", "[number]"),
    ("s26 256 gb 3007654321", "s26 256 gb [number]"),
    ("s26 3007654321", "s26 [number]"),
    ("3007654321 3019876543", "[number]"),
    ("3007654321,3019876543", "[number],[number]"),
    ('{"phone":"7654321"}', '{"phone":"[number]"}'),
    ("phone number: 7654321", "phone number: [number]"),
    ("Teléfono 7654321", "Teléfono [number]"),
    ("cc 52345678", "cc [number]"),
    ("cédula 52.345.678", "cédula [number]"),
    ("llamar cc 1020304050", "llamar cc [number]"),
    ("765-4321", "[number]"),
    ("4111 1111 1111 1111", "[number]"),
    ("4111-1111-1111-1111", "[number]"),
    ("card 4111111111111111 declined", "card [number] declined"),
    ("of 4111111111111111", "of [number]"),
    ("of 378282246310005", "of [number]"),
    ("HTTP 401 573007654321", "HTTP 401 [number]"),
    ("from 203.0.113.9 and 2001:db8::1", "from [ip] and [ip]"),
    (f"em {'ab' * 32}", "em [hash]"),
]

LEFT = [
    "HTTP 401: 100/2804019 Invalid parameter",
    "HTTP/1.1 503 after 30000 ms",
    "status 429 429",
    "error_subcode 2804019",
    '{"code":190,"error_subcode":1885316}',
    "2026-11-25T03:45:20.123456Z",
    "2026-11-25 03:45:20+05:00 to 2026-11-26",
    "at 1763640000 or 1763640000123",
    '{"timestamp":1763640000.123,"time":1763640000123456}',
    "on 20261120",
    "20-11-2026 and 2025-2026",
    "f0ae1284-a9cc-4ff7-8eaf-6d618434d99c",
    "message id 10203040506 is known",
    '{"messageId":"1020304050"}',
    "TE-20261120-0107",
    "pedido-1002003001",
    "01HX3007654321ABCD9",
    "0123456789abcdef0123456789abcdef",
    "release a670a5ad724a",
    "position 123456789",
    "at positions 12345678-12345699",
    "of 123456789 bytes",
    "version 25.0.1 of 3.11, 2026.11.20",
    "posthog-js@1.190.2 and node@v22",
    "http://127.0.0.1:8090/meta/v25.0/1234567890123456/events",
    "a @ b",
    "12345678-1234-1234-1234-123456789012",
    *("galaxy s26 256 gb", "galaxy s26 ultra 512gb 12gb ram 5000mah", "iphone 15 256 512"),
    *("1920x1080 3840x2160", "tv 55", "4.6097102,-74.0817500"),
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_what_tells_of_a_person_is_hidden_the_same_everywhere(text, shown):
    assert without_contact(text) == shown
    assert Redactor().text(text) == shown
    assert words_of(text, ()) == shown
    assert heard(Answer(400, {}, text), 1, (), Millis(1)).answer == shown


@pytest.mark.parametrize("text", LEFT)
def test_what_a_fault_is_found_by_stays(text):
    assert without_contact(text) == text
    assert Redactor().text(text) == text


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_what_is_hidden_stays_as_it_is(text, shown):
    assert without_contact(shown) == shown


@pytest.mark.parametrize(
    "text",
    ["1 " * 30_000 + "a", "a1 " * 20_000, "+" * 60_000, "1-" * 30_000, "1" * 60_000, "a@" * 30_000],
)
def test_a_hostile_text_does_not_hang_it(text):
    began_s = time.process_time()

    without_contact(text)

    # A square of the length takes minutes; what is in proportion to it, well under a second.
    assert time.process_time() - began_s < 10
