"""Whose signature a message bears: WeChat's keys by the serial number that the message names.

A merchant has WeChat's public key, or WeChat's platform certificates, or both while it changes
over. Certificates are fetched when one is named that is not known, and kept in memory: apart for
every account, since they are believed for being sealed with that account's APIv3 key.
"""

import re
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kacang.payments.adapters.wechatpay import signing
from kacang.payments.adapters.wechatpay.account import Merchant
from kacang.payments.adapters.wechatpay.requests import ask
from kacang.payments.adapters.wechatpay.said import json_object
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.shared.outbound import Answer, Outbound

PATH = "/v3/certificates"
# Made-up serial numbers have WeChat asked no more often than this.
PAUSE_SECONDS = 60.0
ACCOUNTS_MAX = 2_000
HTTP_OK = 200
_SERIAL = re.compile(r"[0-9A-Fa-f]{8,40}")


@dataclass(frozen=True, slots=True)
class _Certificate:
    key: RSAPublicKey
    begins_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class _Kept:
    """What is known for one account."""

    certificates: dict[int, _Certificate] = field(default_factory=dict)
    asked_at: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class PlatformKeys:
    """WeChat's keys for every account. Used by many threads at once."""

    def __init__(self, http: Outbound) -> None:
        self._http = http
        self._kept: dict[tuple[object, ...], _Kept] = {}
        self._lock = threading.Lock()

    def is_from_wechat(self, merchant: Merchant, headers: Any, body: bytes, now: datetime) -> bool:
        """Whether WeChat has signed an answer or a notice for this merchant, and lately.

        May call WeChat, for a certificate that is not known yet.
        """
        if not signing.is_timely(headers, now):
            return False
        key = self._find(merchant, headers.get("wechatpay-serial", ""), now)
        return key is not None and signing.is_signed(headers, body, key)

    def _find(self, merchant: Merchant, serial: str, now: datetime) -> RSAPublicKey | None:
        pem = merchant.public_keys.get(serial)
        if pem is not None:
            return signing.public_key(pem)
        if not merchant.has_certificates or not _SERIAL.fullmatch(serial):
            return None
        number, kept = int(serial, 16), self._kept_of(merchant)
        known = _valid(kept, number, now)
        if known is not None:
            return known
        with kept.lock:
            if _valid(kept, number, now) is None and _may_ask(kept):
                self._learn(merchant, kept)
        return _valid(kept, number, now)

    def _kept_of(self, merchant: Merchant) -> _Kept:
        with self._lock:
            if len(self._kept) >= ACCOUNTS_MAX and merchant.place not in self._kept:
                self._kept.clear()
            return self._kept.setdefault(merchant.place, _Kept())

    def _learn(self, merchant: Merchant, kept: _Kept) -> None:
        try:
            answer = ask(self._http, merchant, "GET", PATH)
        except DomainError:
            kept.asked_at = time.monotonic()
            return
        kept.asked_at = time.monotonic()
        if answer.status == HTTP_OK:
            found = _certificates(merchant, answer.body)
            if _is_from_one_of(found, merchant, answer):
                # The old ones go: WeChat names all that are in force.
                kept.certificates = found


def _valid(kept: _Kept, number: int, now: datetime) -> RSAPublicKey | None:
    found = kept.certificates.get(number)
    return found.key if found and found.begins_at <= now <= found.ends_at else None


def _may_ask(kept: _Kept) -> bool:
    return kept.asked_at is None or time.monotonic() - kept.asked_at >= PAUSE_SECONDS


def _certificates(merchant: Merchant, body: bytes) -> dict[int, _Certificate]:
    said = json_object(body) or {}
    listed = said.get("data")
    found: dict[int, _Certificate] = {}
    for entry in listed if isinstance(listed, list) else []:
        sealed = entry.get("encrypt_certificate") if isinstance(entry, dict) else None
        pem = signing.opened(merchant.v3_keys, sealed)
        read = _certificate(pem) if pem is not None else None
        if read is not None:
            number, certificate = read
            found[number] = certificate
    return found


def _certificate(pem: bytes) -> tuple[int, _Certificate] | None:
    try:
        read = x509.load_pem_x509_certificate(pem)
        key = read.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey) or key.key_size < signing.KEY_BITS_MIN:
        return None
    certificate = _Certificate(key, read.not_valid_before_utc, read.not_valid_after_utc)
    return read.serial_number, certificate


def _is_from_one_of(found: dict[int, _Certificate], merchant: Merchant, answer: Answer) -> bool:
    """Whether the list bears the signature of a certificate in it, or of WeChat's public key."""
    if not signing.is_timely(answer.headers, utc_now()):
        return False
    serial = answer.headers.get("wechatpay-serial", "")
    pem = merchant.public_keys.get(serial)
    if pem is not None:
        key = signing.public_key(pem)
    else:
        number = int(serial, 16) if _SERIAL.fullmatch(serial) else 0
        key = _valid(_Kept(found), number, utc_now())
    return key is not None and signing.is_signed(answer.headers, answer.body, key)
