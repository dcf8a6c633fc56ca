"""What cards are called outside: their number in the table, enciphered (rule 21).

Ten million cards need no column and no index for it. One block of AES under a key of the
merchant's: equal in, equal out; nothing can be guessed or counted from it.
"""

from hashlib import blake2b

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kacang.shared.ciphers import MerchantCipher
from kacang.shared.errors import NotFound

PREFIX = "crd_"
_BLOCK_HEX = 32


class UnknownCard(NotFound):
    """There is no such card, or this caller may not see it."""

    code = "vault.unknown_card"


def seal_card_id(cipher: MerchantCipher, card_id: int) -> str:
    """Return what a card is called outside: "crd_" and 32 hexadecimal digits."""
    block = cipher.merchant_id.to_bytes(8, "big") + card_id.to_bytes(8, "big")
    encryptor = _aes(cipher).encryptor()
    return PREFIX + (encryptor.update(block) + encryptor.finalize()).hex()


def open_card_id(cipher: MerchantCipher, uid: str) -> int:
    """Undo `seal_card_id`.

    Raises:
        UnknownCard: It was not made for this merchant.
    """
    try:
        sealed = bytes.fromhex(uid.removeprefix(PREFIX))
    except ValueError:
        raise UnknownCard from None
    if not uid.startswith(PREFIX) or len(sealed) * 2 != _BLOCK_HEX:
        raise UnknownCard
    decryptor = _aes(cipher).decryptor()
    block = decryptor.update(sealed) + decryptor.finalize()
    if int.from_bytes(block[:8], "big") != cipher.merchant_id:
        raise UnknownCard
    return int.from_bytes(block[8:], "big")


def _aes(cipher: MerchantCipher) -> Cipher[modes.ECB]:
    key = blake2b(b"card ids", digest_size=32, key=cipher.fingerprint_key).digest()
    # One block that never repeats: what makes ECB unfit for texts does not arise.
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - as said above
