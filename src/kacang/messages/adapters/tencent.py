"""Text messages by Tencent Cloud (腾讯云短信), version 2021-01-11, signed by TC3-HMAC-SHA256.

Tencent sends only by template, whose places are numbered: the names of a template here are listed
in the order of those places. Its `SessionContext` is our reference.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest

from django.conf import settings

from kacang.messages import outside
from kacang.messages.adapters.companies import (
    LATER,
    Keys,
    answer_of,
    call,
    template_for,
)
from kacang.messages.ports import PORT_VERSION, NotConfigured, NotSent, TextMessage
from kacang.shared.clock import utc_now

ENDPOINT = "https://sms.tencentcloudapi.com/"
ALGORITHM, ACTION, VERSION, REGION = "TC3-HMAC-SHA256", "SendSms", "2021-01-11", "ap-guangzhou"
TYPE = "application/json"
SIGNED = "content-type;host"
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
    """The adapter. Keys, application, signature and templates are the operator's."""

    name = "tencent"
    port_version = PORT_VERSION

    def __init__(self) -> None:
        keys = Keys.read(settings.SMS_TENCENT, needs_app=True)
        if keys is None:
            raise NotConfigured
        self._keys = keys
        self._endpoint = keys.endpoint or ENDPOINT

    def send(self, message: TextMessage) -> None:
        """Hand a message over.

        Raises:
            NotSent: It was not taken, or nobody knows: reason "unknown", which is final, since
                a second one would reach the phone twice.
        """
        template = template_for(self._keys, message)
        body = json.dumps(
            {
                "PhoneNumberSet": [message.phone],
                "SmsSdkAppId": self._keys.app,
                "SignName": self._keys.sign_name,
                "TemplateId": template.code,
                "TemplateParamSet": [message.values.get(name, "") for name in template.names],
                "SessionContext": message.reference,
            }
        ).encode()
        host = self._endpoint.split("://", 1)[1].rstrip("/")
        now = utc_now()
        headers = {
            "content-type": TYPE,
            "host": host,
            "x-tc-action": ACTION,
            "x-tc-version": VERSION,
            "x-tc-timestamp": str(int(now.timestamp())),
            "x-tc-region": REGION,
            "authorization": authorization(self._keys.id, self._keys.secret, host, body, now),
        }
        http = outside.operators_client(self._endpoint)
        said = answer_of(call(http, self._endpoint, body, headers))
        code = _code_of(said)
        if code != "Ok":
            known = next((words for start, words in WORDS.items() if code.startswith(start)), None)
            reason, is_final = known or ("sms_refused", True)
            raise NotSent(f"{reason} {code}"[:100], is_final=is_final)


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


def _code_of(said: dict[str, object]) -> str:
    response = said.get("Response")
    if not isinstance(response, dict):
        return ""
    error = response.get("Error")
    if isinstance(error, dict):
        return str(error.get("Code", ""))
    rows = response.get("SendStatusSet")
    return str(rows[0].get("Code", "")) if isinstance(rows, list) and rows else ""
