"""The keys of both sides: the merchant's, and WeChat's own."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DIGITS = "0123456789"
LETTERS = DIGITS + "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"


def new_keys() -> dict[str, Any]:
    """Make a merchant, and the keys with which WeChat speaks to it, as plain JSON."""
    merchant, platform = new_pair(), new_pair()
    return {
        "mchid": "16" + _random(DIGITS, 8),
        "appid": "wx" + secrets.token_hex(8),
        "serial_no": secrets.token_hex(20).upper(),
        "private_key": merchant["private"],
        "merchant_public_key": merchant["public"],
        "api_v3_key": _random(LETTERS, 32),
        "app_secret": secrets.token_hex(16),
        "public_key_id": "PUB_KEY_ID_01" + _random(DIGITS, 30),
        "public_key": platform["public"],
        "platform_private_key": platform["private"],
        "certificate": new_certificate(),
    }


def new_pair() -> dict[str, str]:
    """Make an RSA key in PEM: `private` and `public`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {"private": _private_pem(key), "public": _public_pem(key)}


def new_certificate(*, begins: datetime | None = None, days: int = 1800) -> dict[str, str]:
    """Make a platform certificate: `serial`, `private`, `certificate`, both in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign (simulator)")])
    begins_at = begins or datetime.now(UTC) - timedelta(days=1)
    # A serial number of 20 bytes, as Tencent's: no leading zero is lost.
    serial = int.from_bytes(b"\x5e" + secrets.token_bytes(19), "big")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins_at)
        .not_valid_after(begins_at + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return {
        "serial": f"{serial:040X}",
        "private": _private_pem(key),
        "certificate": made.public_bytes(serialization.Encoding.PEM).decode(),
        "begins": begins_at.isoformat(),
        "ends": (begins_at + timedelta(days=days)).isoformat(),
    }


def account_of(keys: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return what is filled in for an account at a simulator that listens on `url`."""
    named = ("mchid", "appid", "serial_no", "public_key_id", "public_key")
    opened = dict.fromkeys(("native", "jsapi", "h5"), "yes")
    return {
        "provider": "wechatpay",
        "currency": "CNY",
        "secrets": {name: keys[name] for name in ("private_key", "api_v3_key", "app_secret")},
        "options": {
            **{name: keys[name] for name in named},
            **opened,
            "verification": "both",
            **dict.fromkeys(("gateway", "sign_in", "tokens"), url),
        },
    }


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
