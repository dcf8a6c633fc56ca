"""Tencent's `SendSms`, written from its pages: TC3-HMAC-SHA256 over the body, numbered places."""

import hashlib
import hmac
import json
import re
import time
from datetime import UTC, datetime
from typing import Any

from simulators.payments.company import Asked, Said
from simulators.sms_companies.phones import Sms, SmsCompany, filled

SKEW_SECONDS = 5 * 60
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/([0-9-]{10})/sms/tc3_request,"
    r" SignedHeaders=content-type;host, Signature=([0-9a-f]{64})"
)


class Tencent(SmsCompany):
    """The company. HTTP is 200 even when it refuses."""

    def answer(self, asked: Asked) -> Said:
        """Take a message, or say why not."""
        if not self._is_signed(asked):
            return _said({"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "no"}})
        code = self._code(json.loads(asked.body))
        return _said({"SendStatusSet": [{"Code": code, "Message": code, "SerialNo": "S1"}]})

    def _code(self, said: dict[str, Any]) -> str:
        (phone,) = said["PhoneNumberSet"]
        if self.is_busy:
            return "LimitExceeded.PhoneNumberThirtySecondLimit"
        if self.is_empty:
            return "FailedOperation.InsufficientBalanceInSmsPackage"
        text = self.templates.get(said["TemplateId"])
        if text is None:
            return "FailedOperation.TemplateIncorrectOrUnapproved"
        if not self.is_number(phone):
            return "InvalidParameterValue.IncorrectPhoneNumber"
        values = {str(place): one for place, one in enumerate(said["TemplateParamSet"], start=1)}
        with self.lock:
            self.sent.append(
                Sms(phone, filled(text, values), said["SignName"], said["SessionContext"])
            )
        return "Ok"

    def _is_signed(self, asked: Asked) -> bool:
        found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
        if not found or found[1] != self.key_id:
            return False
        stamp = int(asked.headers.get("x-tc-timestamp", "0"))
        day = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")
        if abs(stamp - time.time()) > SKEW_SECONDS or day != found[2]:
            return False
        host, kind = asked.headers.get("host", ""), asked.headers.get("content-type", "")
        digest = hashlib.sha256(asked.body).hexdigest()
        canonical = f"POST\n/\n\ncontent-type:{kind}\nhost:{host}\n\ncontent-type;host\n{digest}"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"TC3-HMAC-SHA256\n{stamp}\n{day}/sms/tc3_request\n{hashed}"
        key = f"TC3{self.secret}".encode()
        for part in (day, "sms", "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        right = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, found[3])


def _said(response: dict[str, Any]) -> Said:
    return Said(json.dumps({"Response": {**response, "RequestId": "R1"}}).encode())
