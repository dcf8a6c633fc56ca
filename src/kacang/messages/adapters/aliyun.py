"""Text messages by Aliyun (阿里云短信), version 2017-05-25, signed by ACS3-HMAC-SHA256.

Aliyun sends only by template: each event that shall be sent has the code of a template there, and
the template's names are ours. Its `OutId` is our reference, for looking a message up there.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC
from hashlib import sha256
from hmac import digest
from urllib.parse import quote

from django.conf import settings

from kacang.messages import outside
from kacang.messages.adapters.companies import (
    LATER,
    Keys,
    answer_of,
    call,
    national,
    template_for,
)
from kacang.messages.ports import PORT_VERSION, NotConfigured, NotSent, TextMessage
from kacang.shared.clock import utc_now

ENDPOINT = "https://dysmsapi.aliyuncs.com/"
ALGORITHM, ACTION, VERSION = "ACS3-HMAC-SHA256", "SendSms", "2017-05-25"
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
    """The adapter. Keys, signature and templates are the operator's."""

    name = "aliyun"
    port_version = PORT_VERSION

    def __init__(self) -> None:
        keys = Keys.read(settings.SMS_ALIYUN)
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
        params = {name: message.values.get(name, "") for name in template.names}
        query = {
            "PhoneNumbers": national(message.phone),
            "SignName": self._keys.sign_name,
            "TemplateCode": template.code,
            "TemplateParam": json.dumps(params, ensure_ascii=False, separators=(",", ":")),
            "OutId": message.reference,
        }
        host = self._endpoint.split("://", 1)[1].rstrip("/")
        headers = {
            "host": host,
            "x-acs-action": ACTION,
            "x-acs-version": VERSION,
            "x-acs-date": utc_now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": NO_BODY,
        }
        signed = authorization(self._keys.id, self._keys.secret, query, headers)
        said = answer_of(
            call(
                outside.operators_client(self._endpoint),
                f"{self._endpoint.rstrip('/')}/?{encoded(query)}",
                b"",
                {**headers, "authorization": signed},
            )
        )
        code = str(said.get("Code", ""))
        if code != "OK":
            reason, is_final = WORDS.get(code, ("sms_refused", True))
            raise NotSent(f"{reason} {code}"[:100], is_final=is_final)


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
