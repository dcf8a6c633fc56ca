"""How WeChat checks a merchant's requests, and signs and seals what it says itself."""

import base64
import re
import secrets
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

TYPE = "WECHATPAY2-SHA256-RSA2048"
_PAIR = re.compile(r'(\w+)="([^"]*)"')


def credentials(header: str) -> dict[str, str] | None:
    """Take an Authorization header apart; None: it is of another scheme."""
    scheme, _, rest = header.partition(" ")
    found = dict(_PAIR.findall(rest))
    names = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
    return found if scheme == TYPE and set(found) == names else None


def is_by_merchant(public_pem: str, lines: list[str], body: bytes, signature: str) -> bool:
    """Whether the merchant has signed `lines` (method, target, time, nonce) and the body."""
    said = "".join(f"{line}\n" for line in lines).encode() + body + b"\n"
    return checks(public_pem, said, signature)


def is_page_call(public_pem: str, called: dict[str, str]) -> bool:
    """Whether the merchant has signed what a page inside WeChat calls with."""
    names = ("appId", "timeStamp", "nonceStr", "package")
    said = "".join(f"{called[name]}\n" for name in names).encode()
    return called.get("signType") == "RSA" and checks(public_pem, said, called["paySign"])


def checks(public_pem: str, said: bytes, signature: str) -> bool:
    """Whether `signature`, in base64, is over `said`."""
    key = load_pem_public_key(public_pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(signature), said, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def signature(private_pem: str, stamp: int, nonce: str, body: bytes) -> str:
    """Sign an answer or a notice."""
    # Made here: looking at its numbers each time would cost far more than signing.
    key = load_pem_private_key(private_pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    said = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    return base64.b64encode(key.sign(said, padding.PKCS1v15(), hashes.SHA256())).decode()


def sealed(v3_key: str, plain: str, extra: str, nonce: str = "") -> dict[str, Any]:
    """Encrypt with the merchant's APIv3 key; returns the fields of a `resource`."""
    chosen = nonce or secrets.token_hex(6)
    box = AESGCM(v3_key.encode()).encrypt(chosen.encode(), plain.encode(), extra.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(box).decode(),
        "associated_data": extra,
        "nonce": chosen,
    }
