"""Aliyun's `SendSms`, written from its pages: ACS3-HMAC-SHA256, places of templates by name."""

import hashlib
import hmac
import json
import re
import time
from datetime import datetime
from urllib.parse import parse_qsl, quote

from simulators.payments.company import Asked, Said
from simulators.sms_companies.phones import Sms, SmsCompany, filled

SKEW_SECONDS = 15 * 60
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})"
)


class Aliyun(SmsCompany):
    """The company. A number is national in China, else with 00 and its country."""

    def answer(self, asked: Asked) -> Said:
        """Take a message, or say why not."""
        problem = self._problem(asked)
        said = {"Code": problem or "OK", "Message": problem or "OK", "RequestId": "R1"}
        return Said(json.dumps(said).encode(), status=400 if problem.startswith("Sig") else 200)

    def _problem(self, asked: Asked) -> str:
        query = dict(parse_qsl(asked.query, keep_blank_values=True))
        if not self._is_signed(asked, query):
            return "SignatureDoesNotMatch"
        if self.is_busy:
            return "isv.BUSINESS_LIMIT_CONTROL"
        if self.is_empty:
            return "isv.AMOUNT_NOT_ENOUGH"
        text = self.templates.get(query.get("TemplateCode", ""))
        if text is None:
            return "isv.SMS_TEMPLATE_ILLEGAL"
        phone = query.get("PhoneNumbers", "")
        if not self.is_number(phone):
            return "isv.MOBILE_NUMBER_ILLEGAL"
        values = json.loads(query.get("TemplateParam", "{}"))
        full = phone.replace("00", "+", 1) if phone.startswith("00") else f"+86{phone}"
        with self.lock:
            self.sent.append(
                Sms(full, filled(text, values), query.get("SignName", ""), query.get("OutId", ""))
            )
        return ""

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
