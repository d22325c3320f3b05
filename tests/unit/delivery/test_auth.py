"""Tokens: got once, renewed in time and after a refusal, masked, and told of when there is none."""

import base64
import json
from urllib.parse import parse_qs

import httpx
import pytest
import trio

from engine.delivery.auth import AuthFault, Authorised, token_request
from engine.delivery.send import Sender
from engine.model.clock import Millis
from engine.model.delivery import Answer, NoAnswer, Request
from engine.release.auth import ServiceAccount
from engine.sandbox.app import build_app
from tests.support.accounts import EMAIL, credentials

pytestmark = pytest.mark.trio

NOW = Millis(1_790_000_000_000)
TOKEN_URL = "https://auth.example.com/token"
REQUEST = Request("POST", "https://api.example.com/in", {"X": "1"}, {}, b"{}", ("other",))


def account(text=None, **changed):
    given = credentials() if text is None else text
    parts = {"scope": "in", "token_url": TOKEN_URL, "called": "HOOK_CREDENTIALS", **changed}
    return ServiceAccount(given, **parts)


class Vendor:
    """Gives the tokens token-1, token-2, …, and answers as it is told."""

    def __init__(self, token_answers=(), answers=()):
        self.token_answers = list(token_answers)
        self.answers = list(answers)
        self.asked = []
        self.got = []

    async def send(self, vendor, request, timeout_ms):
        await trio.lowlevel.checkpoint()
        if request.url == TOKEN_URL:
            self.asked.append(request)
            if self.token_answers:
                return self.token_answers.pop(0)
            return Answer(200, {}, {"access_token": f"token-{len(self.asked)}", "expires_in": 3600})
        self.got.append(request)
        return self.answers.pop(0) if self.answers else Answer(200, {}, {"ok": True})

    def tokens(self):
        return [request.headers["Authorization"] for request in self.got]


class Clock:
    now = NOW

    def __call__(self):
        return Millis(self.now)


async def sent(door):
    return await door.send("hook", REQUEST, 1000)


async def test_a_request_carries_the_token_and_all_that_it_carried():
    vendor = Vendor()

    answer = await sent(Authorised(vendor, account(), Clock()))

    [request] = vendor.got
    assert answer == Answer(200, {}, {"ok": True})
    assert request.headers == {"X": "1", "Authorization": "Bearer token-1"}
    assert request.body == b"{}"
    assert request.secrets == ("other", "token-1")


async def test_one_token_serves_until_it_nears_its_end():
    vendor, clock = Vendor(), Clock()
    door = Authorised(vendor, account(), clock)

    for after_s in (0, 3299, 3300):
        clock.now = NOW + after_s * 1000
        await sent(door)

    assert vendor.tokens() == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_short_token_is_not_renewed_in_the_first_half_of_its_life():
    short = Answer(200, {}, {"access_token": "short", "expires_in": 60})
    vendor, clock = Vendor([short]), Clock()
    door = Authorised(vendor, account(), clock)

    for after_s in (0, 29, 30):
        clock.now = NOW + after_s * 1000
        await sent(door)

    assert vendor.tokens() == ["Bearer short", "Bearer short", "Bearer token-2"]


async def test_requests_at_the_same_time_ask_for_one_token():
    vendor = Vendor()
    door = Authorised(vendor, account(), Clock())

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(sent, door)

    assert len(vendor.asked) == 1
    assert len(vendor.got) == 5


async def test_a_refused_token_is_renewed_once_and_the_request_sent_again():
    vendor = Vendor(answers=[Answer(401, {}, {"error": "old"}), Answer(200, {}, {})])

    answer = await sent(Authorised(vendor, account(), Clock()))

    assert answer.status == 200
    assert vendor.tokens() == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_refusal_is_the_answer():
    vendor = Vendor(answers=[Answer(401, {}, {"n": 1}), Answer(401, {}, {"n": 2})])

    answer = await sent(Authorised(vendor, account(), Clock()))

    assert answer == Answer(401, {}, {"n": 2})
    assert len(vendor.got) == 2


async def test_a_refusal_of_all_renews_the_token_once_for_all():
    vendor = Vendor(answers=[Answer(401, {}, {})] * 3)
    door = Authorised(vendor, account(), Clock())

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(sent, door)

    assert len(vendor.asked) == 2


async def test_what_comes_back_never_holds_the_token():
    vendor = Vendor(answers=[Answer(400, {"x": "of token-1"}, {"error": "token-1 is bad"})])

    answer = await sent(Authorised(vendor, account(), Clock()))

    assert answer == Answer(400, {"x": "of ***"}, {"error": "*** is bad"})


@pytest.mark.parametrize(
    "answer", [NoAnswer("no answer within 1 s"), Answer(503, {}, "busy"), Answer(429, {}, "")]
)
async def test_a_passing_fault_of_the_token_is_no_answer_and_the_next_request_asks_again(answer):
    vendor = Vendor([answer])
    door = Authorised(vendor, account(), Clock())

    first, second = await sent(door), await sent(door)

    assert isinstance(first, NoAnswer)
    assert first.reason.startswith("no token: ")
    assert second.status == 200


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            Answer(400, {}, {"error": "invalid_grant", "error_description": "Invalid signature."}),
            "HTTP 400: invalid_grant: Invalid signature.",
        ),
        (Answer(403, {}, "Forbidden"), "HTTP 403: Forbidden"),
        (Answer(200, {}, {"access_token": ""}), "HTTP 200"),
        (Answer(200, {}, "<html>"), "HTTP 200: <html>"),
    ],
)
async def test_a_refused_statement_is_told_and_nothing_is_sent(answer, told):
    vendor = Vendor([answer])

    with pytest.raises(AuthFault, match="HOOK_CREDENTIALS") as fault:
        await sent(Authorised(vendor, account(), Clock()))

    assert str(fault.value) == f"no token for the account of HOOK_CREDENTIALS: {told}"
    assert vendor.got == []


async def test_a_statement_that_is_repeated_is_masked():
    statement = parse_qs(token_request(account(), NOW).body.decode())["assertion"][0]
    vendor = Vendor([Answer(400, {}, {"error": "bad", "error_description": statement})])

    with pytest.raises(AuthFault) as fault:
        await sent(Authorised(vendor, account(), Clock()))

    assert statement[:40] not in str(fault.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not set: HOOK_CREDENTIALS"),
        ("{", "HOOK_CREDENTIALS: expected the JSON of a service account's key"),
        ("{}", "HOOK_CREDENTIALS: the key has no client_email and no private_key"),
        (credentials(private_key=None), "HOOK_CREDENTIALS: the key has no private_key"),
        (credentials(private_key="x"), "HOOK_CREDENTIALS: the private key can't be read as PEM"),
        ("/no/such/file.json", "HOOK_CREDENTIALS: the file can't be read: No such file"),
    ],
)
async def test_credentials_that_can_t_be_used_are_told_by_their_name(text, told):
    with pytest.raises(AuthFault) as fault:
        token_request(account(text), NOW)

    assert str(fault.value).startswith(told)


async def test_credentials_can_stand_in_a_file(tmp_path):
    path = tmp_path / "key.json"
    path.write_text(credentials())

    assert token_request(account(str(path)), NOW).url == TOKEN_URL


async def test_a_statement_says_who_asks_for_what_where_and_until_when():
    request = token_request(account(), NOW)

    fields = parse_qs(request.body.decode())
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in
        fields["assertion"][0].split(".")[:2]
    )  # fmt: skip
    assert fields["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    assert claims == {
        "iss": EMAIL,
        "scope": "in",
        "aud": TOKEN_URL,
        "iat": NOW // 1000,
        "exp": NOW // 1000 + 3600,
    }


async def test_in_sandbox_mode_the_token_comes_from_the_sandbox_too():
    google = account(
        scope="https://www.googleapis.com/auth/datamanager",
        token_url="https://oauth2.googleapis.com/token",
    )
    ingest = Request(
        "POST", "https://datamanager.googleapis.com/v1/events:ingest", {}, {}, b'{"events": []}'
    )
    app = build_app(now=lambda: NOW / 1000)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        door = Authorised(Sender(client, "http://sandbox"), google, Clock())
        answer = await door.send("google-ads", ingest, 1000)
        items = (await client.get("http://sandbox/received")).json()["items"]

    assert answer.status == 400  # of the body: the token was taken
    assert [item["path"] for item in items] == ["/token", "/v1/events:ingest"]
    assert [item["status"] for item in items] == [200, 400]
