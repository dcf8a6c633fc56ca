"""V4, rule 28: an envelope opens in its own place only; equal secrets have equal fingerprints."""

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.shared.ciphers import CannotOpen, MerchantCipher

KEYS = {1: os.urandom(32), 2: os.urandom(32)}
CIPHER = MerchantCipher(merchant_id=7, keys=KEYS, newest=2, fingerprint_key=os.urandom(32))
BLANKS = st.text(" \t\r\n", max_size=3).map(str.encode)


@given(st.binary(max_size=300), st.binary(max_size=16))
def test_V4_what_went_in_comes_out(plaintext, fingerprint):
    sealed = CIPHER.seal("card", "secret", plaintext, fingerprint)

    assert CIPHER.open("card", "secret", sealed, fingerprint) == plaintext
    assert len(plaintext) < 4 or plaintext not in sealed
    assert CIPHER.seal("card", "secret", plaintext, fingerprint) != sealed


class TestPlace:
    """Under the very same keys: what binds an envelope is its place, not only the key."""

    SEALED = CIPHER.seal("card", "secret", b"VIPA-8827", b"print")

    def test_opens_there(self):
        assert CIPHER.open("card", "secret", self.SEALED, b"print") == b"VIPA-8827"

    @pytest.mark.parametrize(
        ("merchant", "table", "column", "fingerprint"),
        [
            (8, "card", "secret", b"print"),
            (7, "sealed_chunk", "secret", b"print"),
            (7, "card", "number", b"print"),
            (7, "card", "secret", b"other"),
            (7, "card", "secret", b""),
            (7, "cards", "ecret", b"print"),
        ],
    )
    def test_rule_28_opens_nowhere_else(self, merchant, table, column, fingerprint):
        with pytest.raises(CannotOpen):
            replace(CIPHER, merchant_id=merchant).open(table, column, self.SEALED, fingerprint)

    def test_rule_28_no_byte_can_be_changed(self):
        for place in range(len(self.SEALED)):
            changed = bytearray(self.SEALED)
            changed[place] ^= 1
            with pytest.raises(CannotOpen):
                CIPHER.open("card", "secret", bytes(changed), b"print")

    @pytest.mark.parametrize(
        "envelope", [b"", b"\x01", b"\x01\0\0\0\2", b"\x01\0\0\0\2" + b"n" * 12]
    )
    def test_what_is_no_envelope_is_refused(self, envelope):
        with pytest.raises(CannotOpen):
            CIPHER.open("card", "secret", envelope, b"")

    def test_older_keys_still_open_and_the_newest_seals(self):
        older = replace(CIPHER, newest=1)
        sealed = older.seal("card", "secret", b"x")

        assert (sealed[1:5], self.SEALED[1:5]) == (b"\0\0\0\1", b"\0\0\0\2")
        assert CIPHER.open("card", "secret", sealed) == b"x"

    def test_keys_are_in_no_text(self):
        assert not any(str(key) in repr(CIPHER) for key in (*KEYS.values(), CIPHER.fingerprint_key))


class TestFingerprint:
    @given(st.lists(st.binary(max_size=40), min_size=1, max_size=3), BLANKS, BLANKS)
    def test_rule_28_is_of_the_exact_bytes_less_what_surrounds_them(self, fields, before, after):
        wrapped = [before + field + after for field in fields]

        assert CIPHER.fingerprint(*wrapped) == CIPHER.fingerprint(*fields)

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            ((b"abc",), (b"ABC",)),
            ((b"a b",), (b"ab",)),
            ((b"a b",), (b"a  b",)),
            ((b"ab", b"c"), (b"a", b"bc")),
            ((b"ab", b""), (b"ab",)),
            ((b"0AB",), (b"OAB",)),
        ],
    )
    def test_rule_28_tells_apart_what_differs(self, left, right):
        assert CIPHER.fingerprint(*left) != CIPHER.fingerprint(*right)

    def test_rule_28_its_key_is_its_own(self):
        other = replace(CIPHER, fingerprint_key=os.urandom(32))
        grown = replace(CIPHER, keys={**KEYS, 3: os.urandom(32)}, newest=3)

        assert other.fingerprint(b"x") != CIPHER.fingerprint(b"x")
        assert grown.fingerprint(b"x") == CIPHER.fingerprint(b"x")
