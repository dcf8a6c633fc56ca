"""Keys and certificates of both sides, and what a merchant fills in with them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

APP_ID = "2021000000000001"
SELLER_ID = "2088621900000001"
_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def new_keys() -> dict[str, str]:
    """Make the keys of one merchant and of Alipay, with certificates, in PEM.

    The bundle of roots has two of RSA and one of another kind, as the real one has.
    """
    app, alipay, authority = (_rsa() for _ in range(3))
    issuer = _name("Ant Financial Certification Authority R1")
    rooted: list[_Key] = [authority, ec.generate_private_key(ec.SECP256R1()), _rsa()]
    roots = [
        _certificate(_name(f"Ant Financial Root {number}"), None, key, key)
        for number, key in enumerate(rooted)
    ]
    return {
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "app_private_key": _private(app),
        "app_public_key": _public(app),
        "alipay_private_key": _private(alipay),
        "alipay_public_key": _public(alipay),
        "app_cert": _certificate(_name("app"), issuer, app, authority),
        "alipay_cert": _certificate(_name("alipay"), issuer, alipay, authority)
        + _certificate(issuer, _name("Ant Financial Root 0"), authority, authority),
        "alipay_root_cert": "".join(roots),
    }


def account(keys: Mapping[str, Any], url: str, mode: str = "keys") -> dict[str, Any]:
    """Return what is filled in for an account here; `url` is where the company listens.

    `mode` is "keys" or "certificates"; the company takes both.
    """
    public = ("alipay_public_key",) if mode == "keys" else CERTIFICATES
    return {
        "provider": "alipay",
        "currency": "CNY",
        "secrets": {name: keys[name] for name in ("app_private_key", *public)},
        "options": {
            "app_id": keys["app_id"],
            "seller_id": keys["seller_id"],
            "mode": mode,
            "gateway": f"{url}/gateway.do",
        },
    }


CERTIFICATES = ("app_cert", "alipay_cert", "alipay_root_cert")


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _name(common: str) -> x509.Name:
    parts = {
        NameOID.COUNTRY_NAME: "CN",
        NameOID.ORGANIZATION_NAME: "Ant Financial",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "Certification Authority",
        NameOID.COMMON_NAME: common,
    }
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts.items()])


def _certificate(subject: x509.Name, issuer: x509.Name | None, key: _Key, signing: _Key) -> str:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(signing, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public(key: rsa.RSAPrivateKey) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()
