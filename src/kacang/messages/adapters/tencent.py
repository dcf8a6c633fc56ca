"""Text messages by Tencent Cloud (腾讯云短信), version 2021-01-11, signed by TC3-HMAC-SHA256.

Tencent sends only by template, whose places are numbered: the names of a template here are listed
in the order of those places. Its `SessionContext` is our reference.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from typing import Any

from django.conf import settings

from kacang.messages.adapters.companies import (
    LATER,
    has_template,
    host_of,
    number_of,
    operators_keys,
    refuse,
    reported_rows,
    said_by,
    template_for,
)
from kacang.messages.ports import PORT_VERSION, Asked, Keys, Report, Taken, TextMessage
from kacang.shared.clock import utc_now

ENDPOINT = "https://sms.tencentcloudapi.com/"
ALGORITHM, VERSION, REGION = "TC3-HMAC-SHA256", "2021-01-11", "ap-guangzhou"
TYPE = "application/json"
SIGNED = "content-type;host"
SUCCESS = "SUCCESS"
# Companies report within three days.
REPORTED_WITHIN_SECONDS = 72 * 3600
# What the company's codes begin with, in our words; what is not here is refused for good.
WORDS = {
    "LimitExceeded": LATER,
    "RequestLimitExceeded": LATER,
    "InternalError": LATER,
    "FailedOperation.InsufficientBalance": ("sms_balance", False),
    "AuthFailure": ("sms_key", False),
    "InvalidParameterValue.IncorrectPhoneNumber": ("sms_number", True),
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": ("sms_number", True),
    "FailedOperation.SignatureIncorrectOrUnapproved": ("sms_sign", True),
    "FailedOperation.TemplateIncorrectOrUnapproved": ("sms_template", True),
    "FailedOperation.TemplateUnapprovedOrNotExist": ("sms_template", True),
    "InvalidParameterValue.TemplateParameterFormatError": ("sms_template", True),
}


class TencentSms:
    """The adapter. Keys, signature and templates are of an account, or the operator's."""

    name = "tencent"
    port_version = PORT_VERSION
    needs_app = True
    thanks = (b'{"result":0,"errmsg":"OK"}', "application/json")

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys = keys or operators_keys(settings.SMS_TENCENT, needs_app=True)
        self._endpoint = settings.SMS_TENCENT["endpoint"] or ENDPOINT

    @classmethod
    def of(cls, keys: Keys) -> "TencentSms":
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
        response = self._ask(
            "SendSms",
            {
                "PhoneNumberSet": [message.phone],
                "SmsSdkAppId": self._keys.app,
                "SignName": self._keys.sign_name,
                "TemplateId": template.code,
                "TemplateParamSet": [message.values.get(name, "") for name in template.names],
                "SessionContext": message.reference,
            },
        )
        row = _first(response, "SendStatusSet")
        code = str(row.get("Code", ""))
        if code != "Ok":
            refuse(code, WORDS)
        return Taken(str(row.get("SerialNo") or "")[:64], number_of(row.get("Fee")))

    def report_on(self, asked: Asked) -> Report | None:
        """Ask by `PullSmsSendStatusByPhoneNumber`; fields as its pages give them, from memory.

        Raises:
            NotSent: The company could not be asked.
        """
        began = int(asked.sent_at.timestamp())
        response = self._ask(
            "PullSmsSendStatusByPhoneNumber",
            {
                "BeginTime": began - 60,
                "EndTime": began + REPORTED_WITHIN_SECONDS,
                "Offset": 0,
                "Limit": 100,
                "PhoneNumber": asked.phone,
                "SmsSdkAppId": self._keys.app,
            },
        )
        rows = response.get("PullSmsSendStatusSet")
        for row in rows if isinstance(rows, list) else []:
            is_it = row.get("SerialNo") == asked.number if asked.number else False
            if is_it or (not asked.number and row.get("SessionContext") == asked.reference):
                return _report(row.get("ReportStatus"), row.get("Description"), asked)
        return None

    @staticmethod
    def read_reports(body: bytes) -> list[Report]:
        """Read the state reports that the company sends to an address named at its desk.

        Fields as its pages give them, from memory: it knows a message by its own number, `sid`.

        Raises:
            BadReport: It is none.
        """
        return [
            Report(
                is_delivered=row.get("report_status") == SUCCESS,
                code="" if row.get("report_status") == SUCCESS else str(row.get("errmsg"))[:60],
                number=str(row.get("sid") or "")[:64],
                phone=f"{row.get('nationcode', '')}{row.get('mobile', '')}"[:32],
            )
            for row in reported_rows(body)
        ]

    def _ask(self, action: str, said: Mapping[str, object]) -> dict[str, Any]:
        body, host, now = json.dumps(said).encode(), host_of(self._endpoint), utc_now()
        headers = {
            "content-type": TYPE,
            "host": host,
            "x-tc-action": action,
            "x-tc-version": VERSION,
            "x-tc-timestamp": str(int(now.timestamp())),
            "x-tc-region": REGION,
            "authorization": authorization(self._keys.id, self._keys.secret, host, body, now),
        }
        response = said_by(self._endpoint, self._endpoint, body, headers).get("Response")
        found: dict[str, Any] = response if isinstance(response, dict) else {}
        error = found.get("Error")
        if isinstance(error, dict):
            refuse(str(error.get("Code", "")), WORDS)
        return found


def authorization(key_id: str, secret: str, host: str, body: bytes, now: datetime) -> str:
    """Return the header `Authorization` of a call."""
    stamp, day = int(now.timestamp()), now.astimezone(UTC).strftime("%Y-%m-%d")
    request = f"POST\n/\n\ncontent-type:{TYPE}\nhost:{host}\n\n{SIGNED}\n{sha256(body).hexdigest()}"
    scope = f"{day}/sms/tc3_request"
    to_sign = f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret}".encode()
    for part in (day, "sms", "tc3_request"):
        key = digest(key, part.encode(), "sha256")
    signature = digest(key, to_sign.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"


def _first(response: Mapping[str, Any], name: str) -> dict[str, Any]:
    rows = response.get(name)
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


def _report(state: object, code: object, asked: Asked) -> Report:
    is_delivered = state == SUCCESS
    return Report(
        is_delivered,
        "" if is_delivered else str(code or "")[:60],
        asked.reference,
        asked.number,
        asked.phone,
    )
