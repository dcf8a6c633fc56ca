"""How Alipay signs and checks. Shares no code with the shop, on purpose."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

SHORT = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.COUNTRY_NAME: "C",
}
RSA = {SignatureAlgorithmOID.RSA_WITH_SHA1, SignatureAlgorithmOID.RSA_WITH_SHA256}


def request_text(fields: Mapping[str, str]) -> str:
    """Return what a merchant signs: everything but the signature, the empty fields left out."""
    return _text(fields, {"sign"})


def notice_text(fields: Mapping[str, str]) -> str:
    """Return what Alipay signs of a message: not its kind of signature either."""
    return _text(fields, {"sign", "sign_type"})


def sign(private_pem: str, text: str | bytes) -> str:
    """Return the base64 of an RSA2 signature."""
    said = text.encode() if isinstance(text, str) else text
    # Made here: looking at its numbers each time would cost far more than signing.
    key: Any = serialization.load_pem_private_key(
        private_pem.encode(), None, unsafe_skip_rsa_key_validation=True
    )
    return base64.b64encode(key.sign(said, padding.PKCS1v15(), hashes.SHA256())).decode()


def fits(public_pem: str, text: str, signature: str) -> bool:
    """Whether a signature was made over this text."""
    key: Any = serialization.load_pem_public_key(public_pem.encode())
    try:
        given = base64.b64decode(signature)
        key.verify(given, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def number_of(certificate: x509.Certificate) -> str:
    """Return the MD5 of a certificate's issuer, backwards, and serial number."""
    names = [f"{SHORT[part.oid]}={part.value!s}" for part in reversed(list(certificate.issuer))]
    said = ",".join(names) + str(certificate.serial_number)
    return hashlib.md5(said.encode()).hexdigest()  # noqa: S324 - as the protocol has it


def number_of_file(pem: str) -> str:
    """Return the number of the first certificate in a file."""
    return number_of(x509.load_pem_x509_certificates(pem.encode())[0])


def number_of_roots(pem: str) -> str:
    """Return the numbers of the certificates that are signed by RSA, joined."""
    return "_".join(
        number_of(one)
        for one in x509.load_pem_x509_certificates(pem.encode())
        if one.signature_algorithm_oid in RSA
    )


def _text(fields: Mapping[str, str], without: set[str]) -> str:
    kept = {name: value for name, value in fields.items() if value and name not in without}
    return "&".join(f"{name}={kept[name]}" for name in sorted(kept))
