"""Text messages by Aliyun (阿里云短信), version 2017-05-25, signed by ACS3-HMAC-SHA256.

Aliyun sends only by template: each event that shall be sent has the code of a template there, and
the template's names are ours. Its `OutId` is our reference, for looking a message up there.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, timedelta, timezone
from hashlib import sha256
from hmac import digest
from typing import Any
from urllib.parse import quote

from django.conf import settings

from kacang.messages.adapters.companies import (
    LATER,
    has_template,
    host_of,
    national,
    number_of,
    operators_keys,
    refuse,
    reported_rows,
    said_by,
    template_for,
)
from kacang.messages.ports import PORT_VERSION, Asked, Keys, Report, Taken, TextMessage
from kacang.shared.clock import utc_now

ENDPOINT = "https://dysmsapi.aliyuncs.com/"
ALGORITHM, VERSION = "ACS3-HMAC-SHA256", "2017-05-25"
# Days of the company are China's; what it says of a message: 1 waits, 2 failed, 3 arrived.
CHINA_TIME = timezone(timedelta(hours=8))
ARRIVED, ENDED = "3", ("2", "3")
NO_BODY = sha256(b"").hexdigest()
# What the company says, in our words; what is not here is refused for good.
WORDS = {
    "isv.BUSINESS_LIMIT_CONTROL": LATER,
    "isv.DAY_LIMIT_CONTROL": LATER,
    "Throttling": LATER,
    "Throttling.User": LATER,
    "isp.SYSTEM_ERROR": LATER,
    "isv.AMOUNT_NOT_ENOUGH": ("sms_balance", False),
    "SignatureDoesNotMatch": ("sms_key", False),
    "InvalidAccessKeyId.NotFound": ("sms_key", False),
    "isv.MOBILE_NUMBER_ILLEGAL": ("sms_number", True),
    "isv.SMS_SIGNATURE_ILLEGAL": ("sms_sign", True),
    "isv.SMS_TEMPLATE_ILLEGAL": ("sms_template", True),
    "isv.TEMPLATE_MISSING_PARAMETERS": ("sms_template", True),
    "isv.INVALID_PARAMETERS": ("sms_template", True),
}


class AliyunSms:
    """The adapter. Keys, signature and templates are of an account, or the operator's."""

    name = "aliyun"
    port_version = PORT_VERSION
    needs_app = False
    thanks = ('{"code":0,"msg":"成功"}'.encode(), "application/json")

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys = keys or operators_keys(settings.SMS_ALIYUN)
        self._endpoint = settings.SMS_ALIYUN["endpoint"] or ENDPOINT

    @classmethod
    def of(cls, keys: Keys) -> "AliyunSms":
        """Build it for an account."""
        return cls(keys)

    def knows(self, event: str) -> bool:
        """Whether the account has a template for an event."""
        return has_template(self._keys, event)

    def send(self, message: TextMessage) -> Taken:
        """Hand a message over.

        Raises:
            NotSent: It was not taken, or nobody knows: reason "unknown", which is final, since
                a second one would reach the phone twice.
        """
        template = template_for(self._keys, message)
        params = {name: message.values.get(name, "") for name in template.names}
        query = {
            "PhoneNumbers": national(message.phone),
            "SignName": self._keys.sign_name,
            "TemplateCode": template.code,
            "TemplateParam": json.dumps(params, ensure_ascii=False, separators=(",", ":")),
            "OutId": message.reference,
        }
        said = self._ask("SendSms", query)
        return Taken(number=str(said.get("BizId", ""))[:64])

    def report_on(self, asked: Asked) -> Report | None:
        """Ask by `QuerySendDetails`; names of its fields as its pages give them, from memory.

        Raises:
            NotSent: The company could not be asked.
        """
        query = {
            "PhoneNumber": national(asked.phone),
            "SendDate": asked.sent_at.astimezone(CHINA_TIME).strftime("%Y%m%d"),
            "PageSize": "50",
            "CurrentPage": "1",
        }
        if asked.number:
            query["BizId"] = asked.number
        found = self._ask("QuerySendDetails", query).get("SmsSendDetailDTOs")
        rows = found.get("SmsSendDetailDTO", []) if isinstance(found, dict) else []
        for row in rows:
            state = str(row.get("SendStatus", ""))
            if row.get("OutId") == asked.reference and state in ENDED:
                code = "" if state == ARRIVED else str(row.get("ErrCode", ""))[:60]
                return Report(state == ARRIVED, code, asked.reference, asked.number, asked.phone)
        return None

    @staticmethod
    def read_reports(body: bytes) -> list[Report]:
        """Read `SmsReport`, which the company sends to an address that is named at its desk.

        Raises:
            BadReport: It is none.
        """
        return [
            Report(
                is_delivered=row.get("success") is True,
                code="" if row.get("success") is True else str(row.get("err_code", ""))[:60],
                reference=str(row.get("out_id") or "")[:32],
                number=str(row.get("biz_id") or "")[:64],
                phone=str(row.get("phone_number") or "")[:32],
                parts=number_of(row.get("sms_size")),
            )
            for row in reported_rows(body)
        ]

    def _ask(self, action: str, query: Mapping[str, str]) -> dict[str, Any]:
        headers = {
            "host": host_of(self._endpoint),
            "x-acs-action": action,
            "x-acs-version": VERSION,
            "x-acs-date": utc_now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": NO_BODY,
        }
        signed = authorization(self._keys.id, self._keys.secret, query, headers)
        url = f"{self._endpoint.rstrip('/')}/?{encoded(query)}"
        said = said_by(self._endpoint, url, b"", {**headers, "authorization": signed})
        code = str(said.get("Code", ""))
        if code != "OK":
            refuse(code, WORDS)
        return said


def encoded(query: Mapping[str, str]) -> str:
    """Return a query sorted and encoded by RFC 3986."""
    return "&".join(f"{_quoted(name)}={_quoted(query[name])}" for name in sorted(query))


def canonical_request(query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return what is signed of a call without a body."""
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    ending = f"{';'.join(names)}\n{headers['x-acs-content-sha256']}"
    return f"POST\n/\n{encoded(query)}\n{lines}\n{ending}"


def authorization(
    key_id: str, secret: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    """Return the header `Authorization` of a call."""
    request = sha256(canonical_request(query, headers).encode()).hexdigest()
    signature = digest(secret.encode(), f"{ALGORITHM}\n{request}".encode(), "sha256").hex()
    names = ";".join(sorted(headers))
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"


def _quoted(text: str) -> str:
    return quote(text, safe="~")
