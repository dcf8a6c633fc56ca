"""AWS KMS by its two calls, signed with Signature Version 4.

AWS's own library cannot be installed beside our queue (it needs an older python-dateutil), and is
33 MB for two calls: see docs/decisions/0015. Credentials are AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN; the key is named by its ARN,
which names the region.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from kacang.merchants.key_services import PORT_VERSION, KeyServiceFailed, ServicePlace
from kacang.shared.clock import utc_now

ARN = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(?:key|alias)/[\w/-]+")
# Bound to what it is for: AWS unwraps for nobody who names another purpose.
CONTEXT = {"kacang": "master key"}
TIMES = httpx.Timeout(3.0, connect=2.0)
BODY = "application/x-amz-json-1.1"
_DONE = 200


class AwsKms:
    """The two calls that we need: GenerateDataKey and Decrypt."""

    port_version = PORT_VERSION

    def __init__(self, place: ServicePlace) -> None:
        match = ARN.fullmatch(place.key)
        if match is None:
            raise ValueError("KACANG_KEY_SERVICE_KEY is not the ARN of a KMS key")
        self._key = place.key
        self._region = match[1]
        # China's regions are under a domain of their own.
        domain = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        self._url = place.url or f"https://kms.{self._region}.{domain}"

    def new_key(self) -> tuple[bytes, bytes]:
        """Return 32 random bytes, and the same wrapped."""
        answer = self._call("GenerateDataKey", {"KeySpec": "AES_256"})
        return _bytes(answer, "Plaintext"), _bytes(answer, "CiphertextBlob")

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return what `new_key` wrapped. One that another key wrapped is refused by AWS."""
        blob = base64.b64encode(wrapped).decode("ascii")
        return _bytes(self._call("Decrypt", {"CiphertextBlob": blob}), "Plaintext")

    def _call(self, name: str, values: Mapping[str, str]) -> dict[str, Any]:
        body = json.dumps({"KeyId": self._key, "EncryptionContext": CONTEXT, **values}).encode()
        headers = {"content-type": BODY, "x-amz-target": f"TrentService.{name}"}
        try:
            signed = sign(self._url, headers, body, region=self._region, at=utc_now())
            # No redirects, no proxy from the environment: the answer is the key of all keys.
            with httpx.Client(timeout=TIMES, trust_env=False) as client:
                answer = client.post(self._url, content=body, headers=signed)
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise KeyServiceFailed(type(error).__name__) from error
        if answer.status_code != _DONE or not isinstance(found, dict):
            kind = found.get("__type", "") if isinstance(found, dict) else ""
            raise KeyServiceFailed(f"{answer.status_code} {str(kind)[:80]}".strip())
        return found


def sign(
    url: str, headers: Mapping[str, str], body: bytes, *, region: str, at: datetime
) -> dict[str, str]:
    """Return the headers of a POST to the root of `url` with Signature Version 4.

    Raises:
        KeyServiceFailed: The environment has no credentials.
    """
    who, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not who or not secret:
        raise KeyServiceFailed("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    given = {**headers, "host": urlsplit(url).netloc, "x-amz-date": stamp}
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        given["x-amz-security-token"] = token
    names = ";".join(sorted(given))
    lines = "".join(f"{name}:{given[name]}\n" for name in sorted(given))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/kms/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    given["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={who}/{scope}, SignedHeaders={names}, "
        f"Signature={_mac(key, text).hex()}"
    )
    return given


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _bytes(answer: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(answer[name], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise KeyServiceFailed(f"the answer has no {name}") from error
