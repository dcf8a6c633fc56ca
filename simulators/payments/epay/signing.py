"""How a gateway signs, written from the pages of its protocol."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def content(fields: Mapping[str, str]) -> str:
    """Return `k=v` joined by `&`, in the order of the names, without the signature and blanks."""
    kept = {k: v for k, v in fields.items() if v != "" and k not in ("sign", "sign_type")}
    return "&".join(f"{k}={kept[k]}" for k in sorted(kept))


def md5(fields: Mapping[str, str], key: str) -> str:
    """Return the signature of V1: the key follows the content at once."""
    return hashlib.md5(f"{content(fields)}{key}".encode()).hexdigest()  # noqa: S324


def rsa_sign(fields: Mapping[str, str], private_pem: str) -> str:
    """Return the signature of V2."""
    # Made here: looking at its numbers each time would cost far more than signing.
    key: Any = serialization.load_pem_private_key(
        private_pem.encode(), None, unsafe_skip_rsa_key_validation=True
    )
    signed = key.sign(content(fields).encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signed).decode()


def rsa_fits(fields: Mapping[str, str], public_pem: str) -> bool:
    """Whether the fields were signed by the other half of a key."""
    key: Any = serialization.load_pem_public_key(public_pem.encode())
    try:
        signed = base64.b64decode(fields.get("sign", ""))
        key.verify(signed, content(fields).encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def new_pair() -> tuple[str, str]:
    """Return a new private key and its public one, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
