import base64
import json

import pytest

PATH = "/google-ads/v1/events:ingest"
TOKEN_PATH = "/google-ads/token"
TOKEN = {"Authorization": "Bearer token"}
NOW = 1_790_000_000
HASH = "09ff201690a530986441837b4c0d820e7d886b9da7b7eab045144eada12ecfd1"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HEADER = {"alg": "RS256", "typ": "JWT"}
CLAIMS = {
    "iss": "encamina@shop.iam.example.com",
    "scope": "https://www.googleapis.com/auth/datamanager",
    "aud": "https://oauth2.googleapis.com/token",
    "iat": NOW,
    "exp": NOW + 3600,
}


@pytest.fixture
def event():
    return {
        "transactionId": "SO-1",
        "eventTimestamp": "2026-09-21T13:00:00Z",
        "eventSource": "WEB",
        "currency": "COP",
        "conversionValue": 1899900,
        "userData": {"userIdentifiers": [{"emailAddress": HASH}]},
    }


@pytest.fixture
def tell(sandbox):
    def tell(*events, headers=TOKEN, **fields):
        account = {"accountType": "GOOGLE_ADS", "accountId": "1234567890"}
        body = {
            "destinations": [{"operatingAccount": account, "productDestinationId": "777"}],
            "encoding": "HEX",
            "consent": {"adUserData": "CONSENT_GRANTED"},
            "events": [*events],
            **fields,
        }
        return sandbox.post(PATH, body, headers=headers)

    return tell


def error_of(answer):
    return answer.json()["error"]


def fields_of(answer):
    [detail] = error_of(answer)["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    return [one["field"] for one in detail["fieldViolations"]]


def test_a_good_request_is_answered_with_its_id_alone(sandbox, tell, event):
    answer = tell(event)

    assert answer.status_code == 200
    assert list(answer.json()) == ["requestId"]
    assert sandbox.last()["accepted"] == ["SO-1"]
    assert sandbox.last()["diagnostics"] == []


def test_one_bad_event_refuses_the_whole_request_and_is_named(sandbox, tell, event, change):
    answer = tell(event, change(event, {"eventTimestamp": "yesterday"}), event)

    assert answer.status_code == 400
    assert (error_of(answer)["code"], error_of(answer)["status"]) == (400, "INVALID_ARGUMENT")
    assert fields_of(answer) == ["events.events[1].event_timestamp"]
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"destinations": []}, "destinations"),
        ({"destinations": [{}]}, "destinations[0].operating_account.account_type"),
        ({"encoding": "hex"}, "encoding"),
        ({"encoding": None}, "encoding"),
        ({"events": []}, "events"),
        ({"consent": {"adUserData": "GRANTED"}}, "consent.adUserData"),
    ],
)
def test_what_is_wrong_with_the_request_itself_is_named(tell, event, fields, named):
    answer = tell(event, **fields)

    assert answer.status_code == 400
    assert named in fields_of(answer)


def test_base64_is_an_encoding_too_and_hex_is_then_none(tell, event, change):
    encoded = base64.b64encode(bytes.fromhex(HASH)).decode()
    other = change(event, {"userData/userIdentifiers": [{"emailAddress": encoded}]})

    assert tell(other, encoding="BASE64").status_code == 200
    assert tell(event, encoding="BASE64").status_code == 400
    assert tell(other).status_code == 400


def test_what_is_only_validated_is_not_recorded(sandbox, tell, event, change):
    assert tell(event, validateOnly=True).status_code == 200
    assert sandbox.last()["accepted"] == []
    assert tell(change(event, {"eventSource": "X"}), validateOnly=True).status_code == 400

    tell(event)
    assert sandbox.noted() == set()


def test_a_transaction_counts_once_for_each_conversion_action(sandbox, tell, event):
    tell(event)
    tell(event)
    assert sandbox.noted() == {"duplicate"}

    account = {"accountType": "GOOGLE_ADS", "accountId": "1234567890"}
    tell(event, destinations=[{"operatingAccount": account, "productDestinationId": "778"}])
    assert sandbox.noted() == set()


@pytest.mark.parametrize(
    ("authorization", "status", "word"),
    [
        ("", 401, "UNAUTHENTICATED"),
        ("Basic x", 401, "UNAUTHENTICATED"),
        ("Bearer invalid", 401, "UNAUTHENTICATED"),
        (f"Bearer sandbox-{NOW}-0123456789abcdef", 401, "UNAUTHENTICATED"),
        ("Bearer no-access", 403, "PERMISSION_DENIED"),
    ],
)
def test_an_unusable_token_is_refused(tell, event, authorization, status, word):
    answer = tell(event, headers={"Authorization": authorization})

    assert (answer.status_code, error_of(answer)["status"]) == (status, word)


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def ask_token(sandbox, claims=CLAIMS, header=HEADER, signature="c2ln", grant=GRANT):
    assertion = f"{encoded(header)}.{encoded(claims)}.{signature}"
    return sandbox.ask("POST", TOKEN_PATH, data={"grant_type": grant, "assertion": assertion})


def test_a_statement_gets_a_token_that_is_good_for_an_hour(sandbox, tell, event):
    body = ask_token(sandbox).json()

    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert tell(event, headers=bearer).status_code == 200
    sandbox.now += 3600
    assert tell(event, headers=bearer).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"claims": {**CLAIMS, "aud": "https://example.com/token"}},
        {"claims": {**CLAIMS, "scope": "https://www.googleapis.com/auth/adwords"}},
        {"claims": {**CLAIMS, "iss": ""}},
        {"claims": {**CLAIMS, "iat": NOW - 7200, "exp": NOW - 3600}},
        {"claims": {**CLAIMS, "exp": NOW + 3601}},
        {"claims": {**CLAIMS, "iat": NOW + 300}},
        {"claims": {**CLAIMS, "exp": "soon"}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"signature": ""},
    ],
)
def test_a_statement_that_says_something_else_gets_none(sandbox, wrong):
    answer = ask_token(sandbox, **wrong)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


def test_another_grant_or_form_is_refused(sandbox):
    other = ask_token(sandbox, grant="refresh_token")
    as_json = sandbox.post(TOKEN_PATH, {"grant_type": GRANT})
    torn = sandbox.ask("POST", TOKEN_PATH, data={"grant_type": GRANT, "assertion": "x.y"})

    assert other.json()["error"] == "unsupported_grant_type"
    assert as_json.json()["error"] == "invalid_request"
    assert torn.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("fault", "status"), [("quota", 429), ("unauthenticated", 401), ("no-token", 200)]
)
def test_its_faults_leave_the_other_address_alone(sandbox, tell, event, fault, status):
    sandbox.told_to(f"google-ads={fault}")

    assert tell(event).status_code == status
    assert ask_token(sandbox).status_code == (400 if fault == "no-token" else 200)
