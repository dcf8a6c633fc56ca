"""WeChat Pay's signatures and ciphers: RSA with SHA-256, and AES-256-GCM."""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

SCHEME = "WECHATPAY2-SHA256-RSA2048"
CIPHER = "AEAD_AES_256_GCM"
# How far a message's time may be from ours.
TOLERANCE_SECONDS = 300
KEY_BITS_MIN = 2048
# The cipher takes nonces of these sizes; WeChat's have 12 bytes.
NONCE_BYTES = range(8, 129)
STAMP_DIGITS_MAX = 12


@lru_cache(maxsize=256)
def private_key(pem: str) -> RSAPrivateKey | None:
    """Read a merchant's key; None: it is not an RSA key of at least 2,048 bits in PEM."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPrivateKey) and key.key_size >= KEY_BITS_MIN else None


@lru_cache(maxsize=1024)
def public_key(pem: str) -> RSAPublicKey | None:
    """Read WeChat's key; None: it is not an RSA key of at least 2,048 bits in PEM."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= KEY_BITS_MIN else None


def new_nonce() -> str:
    """Return a nonce for a request."""
    return secrets.token_hex(16)


def request_message(method: str, target: str, stamp: int, nonce: str, body: bytes) -> bytes:
    """Return what is signed of a request; `target` is path and query exactly as sent."""
    return f"{method}\n{target}\n{stamp}\n{nonce}\n".encode() + body + b"\n"


def answer_message(stamp: str, nonce: str, body: bytes) -> bytes:
    """Return what WeChat signs of an answer or notice."""
    return f"{stamp}\n{nonce}\n".encode() + body + b"\n"


def page_message(appid: str, stamp: str, nonce: str, package: str) -> bytes:
    """Return what is signed of the call that a page makes inside WeChat (JSAPI)."""
    return f"{appid}\n{stamp}\n{nonce}\n{package}\n".encode()


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """Sign `message`; the signature in base64."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def authorization(mchid: str, serial_no: str, stamp: int, nonce: str, signature: str) -> str:
    """Return the header under which a request goes out."""
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{stamp}",serial_no="{serial_no}"'
    )


def is_timely(headers: Mapping[str, str], now: datetime) -> bool:
    """Whether a message says that it was sent lately, by the scheme that we know."""
    stamp = headers.get("wechatpay-timestamp", "")
    if not (stamp.isascii() and stamp.isdecimal()) or len(stamp) > STAMP_DIGITS_MAX:
        return False
    if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
        return False
    return abs(int(stamp) - now.timestamp()) <= TOLERANCE_SECONDS


def is_signed(headers: Mapping[str, str], body: bytes, key: RSAPublicKey) -> bool:
    """Whether the owner of `key` has signed a message.

    WeChat sends messages with signatures that begin with WECHATPAY/SIGNTEST/ to see whether
    anybody looks: they are wrong like any other.
    """
    try:
        signature = base64.b64decode(headers.get("wechatpay-signature", ""), validate=True)
        stamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        key.verify(signature, answer_message(stamp, nonce, body), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, UnicodeError, ValueError):
        return False
    return True


def opened(keys: Sequence[bytes], sealed: Any) -> bytes | None:
    """Decrypt what WeChat has sealed (`resource`, `encrypt_certificate`) with one of `keys`.

    None: it is malformed, of another cipher, or sealed with another key.
    """
    if not isinstance(sealed, dict) or sealed.get("algorithm") != CIPHER:
        return None
    nonce, text = sealed.get("nonce"), sealed.get("ciphertext")
    extra = sealed.get("associated_data") or ""
    if not (isinstance(nonce, str) and isinstance(text, str) and isinstance(extra, str)):
        return None
    try:
        sealed_bytes = base64.b64decode(text, validate=True)
        nonce_bytes, extra_bytes = nonce.encode(), extra.encode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
    if len(nonce_bytes) not in NONCE_BYTES:
        return None
    for key in keys:
        try:
            return AESGCM(key).decrypt(nonce_bytes, sealed_bytes, extra_bytes)
        except (InvalidTag, ValueError):
            continue
    return None
