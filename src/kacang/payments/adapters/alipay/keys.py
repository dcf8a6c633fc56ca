"""Alipay's signatures: RSA with SHA-256 over sorted fields, with bare keys or with certificates.

With bare keys an account has its own private key and Alipay's public key. With certificates it
has its own certificate, Alipay's, and the bundle of roots; every request then names two of them
by the MD5 of issuer and serial number.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from kacang.payments.ports import AccountInfo, BadSecrets

PRIVATE_KEY, PUBLIC_KEY = "app_private_key", "alipay_public_key"
APP_CERT, ALIPAY_CERT, ROOT_CERT = "app_cert", "alipay_cert", "alipay_root_cert"
KEYS, CERTIFICATES = "keys", "certificates"
MODES = (KEYS, CERTIFICATES)
BITS_MIN = 2048
# Signature algorithms of RSA: a bundle of roots also has certificates of the Chinese standard.
RSA_ALGORITHMS = "1.2.840.113549.1.1"
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error)


@dataclass(frozen=True, slots=True)
class Signer:
    """What a merchant's requests are signed with; the serial numbers are "" with bare keys."""

    key: RSAPrivateKey
    app_serial: str = ""
    root_serial: str = ""

    def sign(self, fields: Mapping[str, str]) -> str:
        """Return the `sign` of a request."""
        said = joined(fields, without=("sign",)).encode()
        made = self.key.sign(said, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(made).decode()


def mode_of(account: AccountInfo) -> str:
    """Return whether an account works with bare keys or with certificates."""
    return str(account.options.get("mode") or KEYS)


def signer_of(account: AccountInfo) -> Signer:
    """Return what signs for an account.

    With certificates the newest key that one of the certificates in force belongs to: while both
    are being changed, they are changed one after the other.

    Raises:
        BadSecrets: A key or a certificate is missing, or none belongs to the other.
    """
    keys = [private_key(text) for text in account.secrets.get(PRIVATE_KEY, ())]
    if not keys:
        raise BadSecrets(field=PRIVATE_KEY)
    if mode_of(account) == KEYS:
        return Signer(keys[0])
    found = [certificates(text)[0] for text in account.secrets.get(APP_CERT, ())]
    roots = account.secrets.get(ROOT_CERT, ())
    if not roots:
        raise BadSecrets(field=ROOT_CERT)
    for key in keys:
        for one in found:
            if one.public_key() == key.public_key():
                return Signer(key, serial_of(one), root_serial(roots[0]))
    raise BadSecrets(field=APP_CERT)


def check(secrets: Mapping[str, tuple[str, ...]], mode: str) -> None:
    """Refuse keys and certificates that cannot be read, or do not belong together.

    Raises:
        BadSecrets: With the `field` that is wrong.
    """
    if mode not in MODES:
        raise BadSecrets(field="mode")
    names = (PUBLIC_KEY,) if mode == KEYS else (APP_CERT, ALIPAY_CERT, ROOT_CERT)
    for name in (PRIVATE_KEY, *names):
        if not secrets.get(name):
            raise BadSecrets(field=name)
    own = [private_key(text, is_trusted=False) for text in secrets[PRIVATE_KEY]]
    ours = [key.public_key() for key in own]
    read, theirs = (public_key, PUBLIC_KEY) if mode == KEYS else (certified_key, ALIPAY_CERT)
    # The merchant's own public key in the place of Alipay's: the usual mistake.
    if any(read(text) in ours for text in secrets[theirs]):
        raise BadSecrets(field=theirs)
    if mode == CERTIFICATES:
        for text in secrets[ROOT_CERT]:
            root_serial(text)
        certified = [certificates(text)[0] for text in secrets[APP_CERT]]
        if not any(one.public_key() in ours for one in certified):
            raise BadSecrets(field=APP_CERT)


def is_alipays(account: AccountInfo, said: bytes, signature: str) -> bool:
    """Whether Alipay has signed these bytes, with a key that is in force for an account."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    for key in _alipays_keys(account):
        try:
            key.verify(given, said, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def joined(fields: Mapping[str, str], *, without: tuple[str, ...]) -> str:
    """Return what is signed of a form: its fields sorted, without the empty ones."""
    names = sorted(name for name in fields if name not in without and fields[name])
    return "&".join(f"{name}={fields[name]}" for name in names)


def private_key(text: str, *, is_trusted: bool = True) -> RSAPrivateKey:
    """Read a merchant's key: PEM, or the bare base64 that Alipay's own tool gives.

    Args:
        text: The key.
        is_trusted: Whether its numbers were looked at before: that costs more than signing.

    Raises:
        BadSecrets: It is not an RSA key of at least 2048 bits.
    """
    try:
        key = _loaded(text, is_trusted=is_trusted)
    except _UNREADABLE:
        raise BadSecrets(field=PRIVATE_KEY) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < BITS_MIN:
        raise BadSecrets(field=PRIVATE_KEY)
    return key


def public_key(text: str) -> RSAPublicKey:
    """Read Alipay's key, in the same forms. Raises BadSecrets."""
    try:
        if "-----" in text:
            key = serialization.load_pem_public_key(text.strip().encode())
        else:
            key = serialization.load_der_public_key(_bare(text))
    except _UNREADABLE:
        raise BadSecrets(field=PUBLIC_KEY) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < BITS_MIN:
        raise BadSecrets(field=PUBLIC_KEY)
    return key


def certificates(text: str, field: str = APP_CERT) -> list[x509.Certificate]:
    """Read the certificates in a file, of which the first is its owner's. Raises BadSecrets."""
    try:
        found = x509.load_pem_x509_certificates(text.strip().encode())
    except _UNREADABLE:
        raise BadSecrets(field=field) from None
    if not found:
        raise BadSecrets(field=field)
    return found


def certified_key(text: str) -> RSAPublicKey:
    """Return Alipay's key out of its certificate. Raises BadSecrets."""
    try:
        key = certificates(text, ALIPAY_CERT)[0].public_key()
    except _UNREADABLE:
        raise BadSecrets(field=ALIPAY_CERT) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < BITS_MIN:
        raise BadSecrets(field=ALIPAY_CERT)
    return key


def serial_of(certificate: x509.Certificate) -> str:
    """Return the number under which Alipay knows a certificate."""
    said = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(said.encode()).hexdigest()  # noqa: S324 - a name, not a protection


def root_serial(text: str) -> str:
    """Return the number of a bundle of roots: those of its RSA certificates. Raises BadSecrets."""
    numbers = [
        serial_of(one)
        for one in certificates(text, ROOT_CERT)
        if one.signature_algorithm_oid.dotted_string.startswith(RSA_ALGORITHMS)
    ]
    if not numbers:
        raise BadSecrets(field=ROOT_CERT)
    return "_".join(numbers)


def _alipays_keys(account: AccountInfo) -> Iterator[RSAPublicKey]:
    by_key = mode_of(account) == KEYS
    for text in account.secrets.get(PUBLIC_KEY if by_key else ALIPAY_CERT, ()):
        try:
            yield public_key(text) if by_key else certified_key(text)
        except BadSecrets:
            continue


def _loaded(text: str, *, is_trusted: bool) -> object:
    if "-----" in text:
        return serialization.load_pem_private_key(
            text.strip().encode(), None, unsafe_skip_rsa_key_validation=is_trusted
        )
    return serialization.load_der_private_key(
        _bare(text), None, unsafe_skip_rsa_key_validation=is_trusted
    )


def _bare(text: str) -> bytes:
    return base64.b64decode("".join(text.split()), validate=True)
