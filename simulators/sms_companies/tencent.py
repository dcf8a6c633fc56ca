"""Tencent's `SendSms`, written from its pages: TC3-HMAC-SHA256 over the body, numbered places."""

import hashlib
import hmac
import json
import re
import time
from datetime import UTC, datetime
from typing import Any

from simulators.payments.company import Asked, Said
from simulators.sms_companies.phones import ARRIVED, FAILED, LIMITED, Sms, SmsCompany, filled

SKEW_SECONDS = 5 * 60
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/([0-9-]{10})/sms/tc3_request,"
    r" SignedHeaders=content-type;host, Signature=([0-9a-f]{64})"
)


class Tencent(SmsCompany):
    """The company. HTTP is 200 even when it refuses."""

    title = "腾讯云短信（模拟）"

    def answer(self, asked: Asked) -> Said:
        """Take a message, say what became of one, or say why not."""
        if not self._is_signed(asked):
            return _said({"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "no"}})
        said = json.loads(asked.body)
        if asked.headers.get("x-tc-action") == "PullSmsSendStatusByPhoneNumber":
            return _said({"PullSmsSendStatusSet": self._states(said)})
        code, sms = self._take(said)
        row = {"Code": code, "Message": code, "SerialNo": "", "Fee": 0}
        if sms is not None:
            row |= {"SerialNo": sms.number, "Fee": sms.parts, "PhoneNumber": sms.phone}
        return _said({"SendStatusSet": [row]})

    def row(self, sms: Sms) -> dict[str, Any]:
        """Return a row of a state report."""
        arrived = sms.state == ARRIVED
        return {
            "user_receive_time": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "nationcode": "86" if sms.phone.startswith("+86") else "",
            "mobile": sms.phone.removeprefix("+86").removeprefix("+"),
            "report_status": "SUCCESS" if arrived else "FAIL",
            "errmsg": "DELIVRD" if arrived else "UNDELIV",
            "description": "用户短信送达成功" if arrived else "空号",
            "sid": sms.number,
        }

    def _take(self, said: dict[str, Any]) -> tuple[str, Sms | None]:
        (phone,) = said["PhoneNumberSet"]
        if self.is_busy or phone.endswith(LIMITED):
            return "LimitExceeded.PhoneNumberThirtySecondLimit", None
        if self.is_empty:
            return "FailedOperation.InsufficientBalanceInSmsPackage", None
        text = self.templates.get(said["TemplateId"])
        if text is None:
            return "FailedOperation.TemplateIncorrectOrUnapproved", None
        if not self.is_number(phone):
            return "InvalidParameterValue.IncorrectPhoneNumber", None
        values = {str(place): one for place, one in enumerate(said["TemplateParamSet"], start=1)}
        sms = Sms(phone, filled(text, values), said["SignName"], said["SessionContext"])
        return "Ok", self.keep(sms)

    def _states(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        with self.lock:
            return [
                {
                    "UserReceiveTime": int(time.time()),
                    "CountryCode": "86",
                    "PhoneNumber": one.phone,
                    "SerialNo": one.number,
                    "ReportStatus": "SUCCESS" if one.state == ARRIVED else "FAIL",
                    "Description": "DELIVRD" if one.state == ARRIVED else "UNDELIV",
                    "SessionContext": one.reference,
                }
                for one in self.sent
                if one.phone == said["PhoneNumber"]
                and one.state in (ARRIVED, FAILED)
                and said["BeginTime"] <= one.at.timestamp() <= said["EndTime"]
            ][said["Offset"] : said["Offset"] + said["Limit"]]

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
