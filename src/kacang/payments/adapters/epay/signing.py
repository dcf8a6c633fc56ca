"""How 易支付 signs: MD5 over the fields and the key (V1), SHA256 with RSA over the fields (V2)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
)

from kacang.payments.ports import BadSecrets

UNSIGNED = frozenset({"sign", "sign_type"})
KEY_BITS_MIN = 2048
_FRAME = re.compile(r"-----[A-Z ]+-----")


def content_of(fields: Mapping[str, str], *, encoded: bool = False) -> str:
    """Return what is signed: every field that says something, in the order of the names.

    Args:
        fields: Their values as they are, not as they travel.
        encoded: Whether this gateway signs the values as they travel, unlike most.
    """
    named = sorted(name for name, value in fields.items() if value and name not in UNSIGNED)
    return "&".join(
        f"{name}={quote(fields[name], safe='') if encoded else fields[name]}" for name in named
    )


def md5_of(content: str, key: str) -> str:
    """Return the signature of V1, in lower case."""
    return hashlib.md5((content + key).encode()).hexdigest()  # noqa: S324 - the protocol's


def is_md5_of(content: str, keys: Sequence[str], given: str) -> bool:
    """Whether a signature of V1 was made with one of the keys. An empty key makes none (L9)."""
    offered = given.lower().encode()
    rights = [md5_of(content, key).encode() for key in keys if key]
    return any(hmac.compare_digest(right, offered) for right in rights)


def rsa_of(content: str, private_key: str) -> str:
    """Return the signature of V2.

    Raises:
        BadSecrets: The key is none.
    """
    made = private(private_key).sign(content.encode(), PKCS1v15(), hashes.SHA256())
    return base64.b64encode(made).decode()


def is_rsa_of(content: str, public_keys: Sequence[str], given: str) -> bool:
    """Whether a signature of V2 was made with the other half of one of the keys."""
    try:
        signature = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_fits(content, key, signature) for key in public_keys)


def private(text: str, *, is_trusted: bool = True) -> RSAPrivateKey:
    """Read a private key: PEM, or the bare base64 that the gateway's website shows.

    Args:
        text: The key.
        is_trusted: Whether its numbers were looked at before: that costs more than signing.

    Raises:
        BadSecrets: It is none, or too short.
    """
    try:
        key = load_der_private_key(_der(text), None, unsafe_skip_rsa_key_validation=is_trusted)
    except (ValueError, TypeError):
        raise BadSecrets(field="private_key") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise BadSecrets(field="private_key")
    return key


def public(text: str) -> RSAPublicKey:
    """Read a public key, likewise.

    Raises:
        BadSecrets: It is none, or too short.
    """
    try:
        key = load_der_public_key(_der(text))
    except (ValueError, TypeError):
        raise BadSecrets(field="platform_key") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise BadSecrets(field="platform_key")
    return key


def _fits(content: str, key: str, signature: bytes) -> bool:
    try:
        public(key).verify(signature, content.encode(), PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, BadSecrets):
        return False
    return True


def _der(text: str) -> bytes:
    bare = "".join(_FRAME.sub("", text).split())
    return base64.b64decode(bare, validate=True)
