"""Sealing of secrets at rest: AES-256-GCM in an envelope, and keyed fingerprints (rule 28).

    envelope = format (1 byte) ‖ key number (4, big endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
    aad      = merchant (8 bytes) ‖ table ‖ 0 ‖ column ‖ 0 ‖ fingerprint

The associated data tie a ciphertext to its merchant, its column and, for a card, to its
fingerprint: a row copied elsewhere does not open.
"""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from kacang.shared.errors import Unavailable

FORMAT = 1
HEADER_BYTES = 5
NONCE_BYTES = 12
KEY_BYTES = 32
FINGERPRINT_BYTES = 16
SHORT_BYTES = 8


class CannotOpen(Unavailable):
    """A sealed value does not open: wrong key, or it was changed or moved."""

    code = "secrets.cannot_open"


def new_key() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(KEY_BYTES)


def wrap(master: bytes, key: bytes) -> bytes:
    """Wrap a data key under the master key (RFC 3394)."""
    return aes_key_wrap(master, key)


def unwrap(master: bytes, wrapped: bytes) -> bytes:
    """Undo `wrap`.

    Raises:
        CannotOpen: The master key is not the one it was wrapped under.
    """
    try:
        return aes_key_unwrap(master, wrapped)
    except Exception as error:  # the library raises its own InvalidUnwrap, a bare Exception
        raise CannotOpen from error


@dataclass(frozen=True, slots=True)
class MerchantCipher:
    """Seals and opens for one merchant. Holds data keys: never log it, never pickle it."""

    merchant_id: int
    keys: Mapping[int, bytes] = field(repr=False)
    newest: int
    fingerprint_key: bytes = field(repr=False)
    _ciphers: dict[int, AESGCM] = field(default_factory=dict, repr=False)
    _short_keys: dict[str, bytes] = field(default_factory=dict, repr=False)

    def seal(self, table: str, column: str, plaintext: bytes, fingerprint: bytes = b"") -> bytes:
        """Return the envelope of `plaintext`, under the newest data key."""
        nonce = os.urandom(NONCE_BYTES)
        aad = _place_of(self.merchant_id, table, column) + fingerprint
        sealed = self._cipher(self.newest).encrypt(nonce, plaintext, aad)
        return header_of(self.newest) + nonce + sealed

    def open(self, table: str, column: str, envelope: bytes, fingerprint: bytes = b"") -> bytes:
        """Return the plaintext of an envelope that `seal` made for the same place.

        Raises:
            CannotOpen: Another merchant's, another column's, or changed.
        """
        envelope = bytes(envelope)
        number = key_number_of(envelope)
        if not envelope or envelope[0] != FORMAT or self.keys.get(number) is None:
            raise CannotOpen
        nonce = envelope[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        body = envelope[HEADER_BYTES + NONCE_BYTES :]
        try:
            return self._cipher(number).decrypt(
                nonce, body, _place_of(self.merchant_id, table, column) + bytes(fingerprint)
            )
        except (InvalidTag, ValueError) as error:
            raise CannotOpen from error

    def fingerprint(self, *fields: bytes) -> bytes:
        """Return the keyed fingerprint by which equal secrets are found.

        Each field is taken byte for byte, less surrounding white space, with its length before
        it, so that ("ab", "c") and ("a", "bc") differ.
        """
        digest = blake2b(digest_size=FINGERPRINT_BYTES, key=self.fingerprint_key)
        for value in fields:
            exact = value.strip()
            digest.update(len(exact).to_bytes(4, "big"))
            digest.update(exact)
        return digest.digest()

    def short_print(self, purpose: str, value: bytes) -> int:
        """Return a keyed fingerprint of eight bytes as a signed number, as the database has it.

        Each purpose has a key of its own: what is printed for one is never equal to what is
        printed for another, nor to a part of a `fingerprint`.
        """
        key = self._short_keys.get(purpose)
        if key is None:
            key = blake2b(purpose.encode(), digest_size=32, key=self.fingerprint_key).digest()
            self._short_keys[purpose] = key
        digest = blake2b(value, digest_size=SHORT_BYTES, key=key).digest()
        return int.from_bytes(digest, "big", signed=True)

    def _cipher(self, number: int) -> AESGCM:
        if number not in self._ciphers:
            self._ciphers[number] = AESGCM(self.keys[number])
        return self._ciphers[number]


@lru_cache(maxsize=1024)
def _place_of(merchant_id: int, table: str, column: str) -> bytes:
    """Return what every envelope of a column is bound to. Asked for a million times a job."""
    return merchant_id.to_bytes(8, "big") + f"{table}\0{column}\0".encode()


def key_number_of(envelope: bytes) -> int:
    """Return the number of the key under which an envelope was made."""
    return int.from_bytes(envelope[1:HEADER_BYTES], "big")


@lru_cache(maxsize=64)
def header_of(key_number: int) -> bytes:
    """Return how each envelope under this key begins."""
    return bytes((FORMAT,)) + key_number.to_bytes(4, "big")


def same(left: bytes, right: bytes) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(left, right)
