"""Aliyun's `SendSms`, written from its pages: ACS3-HMAC-SHA256, places of templates by name."""

import hashlib
import hmac
import json
import re
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote

from simulators.payments.company import Asked, Said
from simulators.sms_companies.phones import ARRIVED, FAILED, LIMITED, Sms, SmsCompany, filled

SKEW_SECONDS = 15 * 60
CHINA = timezone(timedelta(hours=8))
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})"
)


class Aliyun(SmsCompany):
    """The company. A number is national in China, else with 00 and its country."""

    title = "阿里云短信（模拟）"

    def answer(self, asked: Asked) -> Said:
        """Take a message, say what became of one, or say why not."""
        query = dict(parse_qsl(asked.query, keep_blank_values=True))
        if not self._is_signed(asked, query):
            return _said({"Code": "SignatureDoesNotMatch", "Message": "no"}, status=400)
        if asked.headers.get("x-acs-action") == "QuerySendDetails":
            return _said(self._details(query))
        problem, sms = self._take(query)
        code = problem or "OK"
        number = {"BizId": sms.number} if sms else {}
        return _said({"Code": code, "Message": code, **number})

    def row(self, sms: Sms) -> dict[str, Any]:
        """Return a row of `SmsReport`."""
        arrived = sms.state == ARRIVED
        now = datetime.now(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        return {
            "phone_number": _national(sms.phone),
            "send_time": sms.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "report_time": now,
            "success": arrived,
            "err_code": "DELIVERED" if arrived else "MK:0001",
            "err_msg": "用户接收成功" if arrived else "空号",
            "sms_size": str(sms.parts),
            "biz_id": sms.number,
            "out_id": sms.reference,
        }

    def _take(self, query: dict[str, str]) -> tuple[str, Sms | None]:
        phone = query.get("PhoneNumbers", "")
        if self.is_busy or phone.endswith(LIMITED):
            return "isv.BUSINESS_LIMIT_CONTROL", None
        if self.is_empty:
            return "isv.AMOUNT_NOT_ENOUGH", None
        text = self.templates.get(query.get("TemplateCode", ""))
        if text is None:
            return "isv.SMS_TEMPLATE_ILLEGAL", None
        if not self.is_number(phone):
            return "isv.MOBILE_NUMBER_ILLEGAL", None
        values = json.loads(query.get("TemplateParam", "{}"))
        full = phone.replace("00", "+", 1) if phone.startswith("00") else f"+86{phone}"
        sms = Sms(full, filled(text, values), query.get("SignName", ""), query.get("OutId", ""))
        return "", self.keep(sms)

    def _details(self, query: dict[str, str]) -> dict[str, Any]:
        phone, day = query.get("PhoneNumber", ""), query.get("SendDate", "")
        number = query.get("BizId", "")
        states = {ARRIVED: "3", FAILED: "2"}
        with self.lock:
            rows = [
                {
                    "PhoneNum": phone,
                    "SendStatus": states.get(one.state, "1"),
                    "ErrCode": "DELIVERED" if one.state == ARRIVED else "MK:0001",
                    "OutId": one.reference,
                    "Content": one.text,
                }
                for one in self.sent
                if _national(one.phone) == phone
                and one.at.astimezone(CHINA).strftime("%Y%m%d") == day
                and number in ("", one.number)
            ]
        found = {"SmsSendDetailDTO": rows}
        return {"Code": "OK", "Message": "OK", "TotalCount": len(rows), "SmsSendDetailDTOs": found}

    def _is_signed(self, asked: Asked, query: dict[str, str]) -> bool:
        found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
        if not found or found[1] != self.key_id:
            return False
        stamp = datetime.fromisoformat(asked.headers["x-acs-date"])
        if abs(stamp.timestamp() - time.time()) > SKEW_SECONDS:
            return False
        names = found[2].split(";")
        pairs = [f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(query.items())]
        head = "".join(f"{name}:{asked.headers.get(name, '')}\n" for name in names)
        digest = hashlib.sha256(asked.body).hexdigest()
        canonical = "\n".join(["POST", "/", "&".join(pairs), head, found[2], digest])
        to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        right = hmac.new(self.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, found[3])


def _said(said: dict[str, Any], status: int = 200) -> Said:
    return Said(json.dumps({**said, "RequestId": "R1"}).encode(), status=status)


def _national(phone: str) -> str:
    return phone[3:] if phone.startswith("+86") else "00" + phone[1:]
