import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256

from engine.codec.jwt import signed_jwt
from tests.support.accounts import an_rsa_key, pem

CLAIMS = {"iss": "a@b.example", "aud": "https://auth.example/token", "iat": 1, "exp": 3601}


def raw(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_holds_its_claims_and_the_signature_of_its_key():
    token = signed_jwt(CLAIMS, pem(an_rsa_key()), "key-1")

    header, claims, signature = token.split(".")
    assert json.loads(raw(header)) == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    assert json.loads(raw(claims)) == CLAIMS
    an_rsa_key().public_key().verify(
        raw(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), SHA256()
    )
    assert "=" not in token


def test_a_changed_claim_no_longer_fits_the_signature():
    header, claims, signature = signed_jwt(CLAIMS, pem(an_rsa_key())).split(".")
    changed = base64.urlsafe_b64encode(raw(claims).replace(b"3601", b"9999")).rstrip(b"=").decode()

    with pytest.raises(InvalidSignature):
        an_rsa_key().public_key().verify(
            raw(signature), f"{header}.{changed}".encode(), padding.PKCS1v15(), SHA256()
        )


def test_a_key_without_an_id_names_none():
    header = signed_jwt(CLAIMS, pem(an_rsa_key())).partition(".")[0]

    assert json.loads(raw(header)) == {"alg": "RS256", "typ": "JWT"}


@pytest.mark.parametrize("key", ["", "secret-text", "-----BEGIN PRIVATE KEY-----\nAA\n"])
def test_what_is_no_key_is_told_without_showing_it(key):
    with pytest.raises(ValueError, match="can't be read as PEM") as told:
        signed_jwt(CLAIMS, key)

    assert "secret-text" not in str(told.value)


def test_a_key_of_another_kind_is_refused():
    key = pem(ec.generate_private_key(ec.SECP256R1()))

    with pytest.raises(ValueError, match="no RSA key"):
        signed_jwt(CLAIMS, key)
