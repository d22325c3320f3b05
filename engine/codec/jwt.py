"""Signed tokens (JWT, RFC 7519) as a service account proves itself with: RS256 and nothing else.

The one door to the library cryptography, which is loaded with the first key: who has no such
destination pays nothing for it.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping

from engine.codec.body import dumps
from engine.model.jsonvalue import Json


def signed_jwt(claims: Mapping[str, Json], key: str, key_id: str | None = None) -> str:
    """The claims, signed with an RSA private key in PEM.

    Raises ``ValueError`` where the key can't be used; its text holds nothing of the key.
    """
    header: dict[str, Json] = {"alg": "RS256", "typ": "JWT"}
    if key_id:
        header["kid"] = key_id
    signing_input = b".".join(_base64(dumps(part)) for part in (header, dict(claims)))
    return (signing_input + b"." + _base64(_signature(signing_input, key))).decode()


def new_key() -> str:
    """A new RSA private key in PEM, for trials against the sandbox."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _signature(message: bytes, key: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the private key can't be read as PEM") from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError("the private key is no RSA key")  # noqa: TRY004 - a value, not a type
    return private.sign(message, padding.PKCS1v15(), SHA256())


def _base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
