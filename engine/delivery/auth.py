"""Tokens of a destination with ``auth:``: fetched, kept, renewed, and put on each request.

A service account signs a statement with its own key (JWT bearer grant, RFC 7523) and gets a token
for it, good for an hour or so. Token requests are requests as all others: in sandbox mode they go
to the sandbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import trio

from engine.codec.body import dumps, loads
from engine.codec.jwt import signed_jwt
from engine.delivery.send import Door
from engine.model.clock import Clock, Millis
from engine.model.delivery import Answer, NoAnswer, Request
from engine.model.jsonvalue import Body, as_body
from engine.pipeline.classify import RETRY_STATUSES, answer_text
from engine.pipeline.request import RequestFault, mask
from engine.release.auth import ServiceAccount
from engine.release.credentials import account_key
from engine.release.destination import Destination

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
STATEMENT_LIFE_S = 3600
"""How long the signed statement holds; servers take an hour at most."""

RENEW_BEFORE_MS = 300_000
"""A token is renewed so long before its end, but never in the first half of its life."""

USUAL_LIFE_S = 3600
"""Of a token whose answer doesn't say."""


class AuthFault(RequestFault):
    """No token is to be had until a person acts: the credentials or their rights are wrong."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and from when on another is to be fetched."""

    text: str
    renew_at: Millis


def door_of(door: Door, destination: Destination, clock: Clock) -> Door:
    """The way to a destination's vendor: ``door``, behind a token where the file says ``auth:``."""
    return door if destination.auth is None else Authorised(door, destination.auth, clock)


@dataclass(slots=True)
class Authorised:
    """Sends requests with the account's token, one token for all of them.

    Where the vendor refuses a token before its time, the request is sent once more with a new one.
    ``send`` raises ``AuthFault``; what it gives back never holds the token.
    """

    door: Door
    account: ServiceAccount
    clock: Clock
    _token: Token | None = None
    _one_at_a_time: trio.Lock = field(default_factory=trio.Lock)

    async def send(self, vendor: str, request: Request, timeout_ms: int) -> Answer | NoAnswer:
        """What came back, or in words why nothing did."""
        answer: Answer | NoAnswer = NoAnswer("not sent")
        refused = ""
        for _ in range(2):
            token = await self._good_token(vendor, timeout_ms, refused)
            if isinstance(token, NoAnswer):
                return token
            answer = await self.door.send(vendor, _with_token(request, token), timeout_ms)
            if not isinstance(answer, Answer):
                return answer
            answer = _without(answer, token)
            if answer.status != 401:
                return answer
            refused = token
        return answer

    async def _good_token(self, vendor: str, timeout_ms: int, refused: str) -> str | NoAnswer:
        """The token at hand, unless it nears its end or is the refused one; then a new one."""
        async with self._one_at_a_time:
            now = self.clock()
            if self._token is None or self._token.text == refused or now >= self._token.renew_at:
                request = token_request(self.account, now)
                answer = await self.door.send(vendor, request, timeout_ms)
                if isinstance(answer, NoAnswer):
                    return NoAnswer(f"no token: {answer.reason}")
                # Before anything is cut: half a statement would not be found.
                answer = _without(answer, *request.secrets)
                if answer.status >= 500 or answer.status in RETRY_STATUSES:
                    return NoAnswer(f"no token: {answer_text(answer)}")
                self._token = _token(answer, self.account, now)
            return self._token.text


def token_request(account: ServiceAccount, now: Millis) -> Request:
    """The request for a token; raises ``AuthFault`` where the credentials can't be used."""
    key = _key(account)
    issued_s = now // 1000
    claims: Body = {
        "iss": key["client_email"],
        "scope": account.scope,
        "aud": account.token_url,
        "iat": issued_s,
        "exp": issued_s + STATEMENT_LIFE_S,
    }
    key_id = key.get("private_key_id")
    try:
        statement = signed_jwt(claims, str(key["private_key"]), str(key_id) if key_id else None)
    except ValueError as fault:
        raise AuthFault(f"{account.called}: {fault}") from None
    return Request(
        "POST",
        account.token_url,
        {"Content-Type": "application/x-www-form-urlencoded"},
        {},
        urlencode({"grant_type": GRANT, "assertion": statement}).encode(),
        (statement,),
    )


def _key(account: ServiceAccount) -> Body:
    """The account's key: an object with ``client_email`` and ``private_key``."""
    if not account.credentials:
        raise AuthFault(f"not set: {account.called}")
    try:
        return account_key(account)
    except ValueError as fault:
        raise AuthFault(f"{account.called}: {fault}") from None


def _token(answer: Answer, account: ServiceAccount, now: Millis) -> Token:
    body = as_body(answer.body)
    text = body.get("access_token")
    if answer.status != 200 or not isinstance(text, str) or not text:
        raise AuthFault(f"no token for the account of {account.called}: {_refusal(answer)}")
    life_s = body.get("expires_in")
    if isinstance(life_s, bool) or not isinstance(life_s, int | float) or life_s <= 0:
        life_s = USUAL_LIFE_S
    life_ms = round(life_s * 1000)
    return Token(text, Millis(now + life_ms - min(RENEW_BEFORE_MS, life_ms // 2)))


def _refusal(answer: Answer) -> str:
    """OAuth's refusal in words: ``{"error": "invalid_grant", "error_description": "…"}``."""
    body = as_body(answer.body)
    told = [str(body[name])[:200] for name in ("error", "error_description") if body.get(name)]
    return ": ".join([f"HTTP {answer.status}", *told]) if told else answer_text(answer)


def _with_token(request: Request, token: str) -> Request:
    headers: Mapping[str, str] = {**request.headers, "Authorization": f"Bearer {token}"}
    return replace(request, headers=headers, secrets=(*request.secrets, token))


def _without(answer: Answer, *secrets: str) -> Answer:
    """The answer with these masked, should the vendor have repeated what it was sent."""
    raw = dumps([dict(answer.headers), answer.body]).decode()
    if not any(one in raw for one in secrets):
        return answer
    hidden = loads(mask(raw, secrets).encode())
    headers, body = hidden if isinstance(hidden, list) else ({}, None)
    texts = {name: str(value) for name, value in as_body(headers).items()}
    return Answer(answer.status, texts, body)
