"""Service accounts with keys of their own, made when a test asks: no key stands in a file."""

import json
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

EMAIL = "encamina@shop.iam.example.com"


@cache
def an_rsa_key() -> rsa.RSAPrivateKey:
    """A key that all tests of a run share: to make one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """The key as a service account's file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def credentials(**changed: object) -> str:
    """The JSON of an account's key; ``None`` takes a part away."""
    whole = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key_id": "key-1",
        "private_key": pem(an_rsa_key()),
        **changed,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None})
