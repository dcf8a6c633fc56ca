"""Calls the API as a machine does: through the application that the HTTP server runs."""

import io
import json
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

PROBLEM = "application/problem+json"


@cache
def application() -> Any:
    """Load it late: it looks for collected static files, which a fixture provides."""
    return import_module("kacang.wsgi").application


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; checks on the way that it is a problem document."""
        assert self.status >= 400, self
        assert self.headers["content-type"] == PROBLEM, self
        assert self.json["status"] == self.status
        assert self.json["type"] == f"urn:kacang:error:{self.json['code']}"
        return str(self.json["code"])


@dataclass(frozen=True)
class Api:
    """A caller with a key, at an address."""

    key: str = ""
    address: str = "192.0.2.7"
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, data: object = None, **headers: str) -> Answer:
        """POST `data` as JSON, or bytes as they are."""
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return self.call("POST", path, b"" if data is None else body, headers)

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> Answer:
        """POST a form with one file."""
        file = SimpleUploadedFile(name, content)
        body = encode_multipart(BOUNDARY, {**fields, "file": file})
        return self.call("POST", path, body, {"content_type": MULTIPART_CONTENT})

    def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(path)
        given = {"content_type": "application/json", **self.headers, **(headers or {})}
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/api/v1{parts.path}",
            "QUERY_STRING": parts.query,
            "SERVER_NAME": "api.test",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": self.address,
            "CONTENT_TYPE": given.pop("content_type"),
            "CONTENT_LENGTH": given.pop("content_length", str(len(body))),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            **{f"HTTP_{name.upper()}": value for name, value in given.items()},
        }
        if self.key:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.key}"
        told: list[Any] = []
        response = application()(environ, lambda status, heads: told.extend((status, heads)))
        content = b"".join(response)
        response.close()
        status = int(told[0].split()[0])
        assert HTTPStatus(status)
        return Answer(status, {name.lower(): value for name, value in told[1]}, content)


def order_body(sku: str, quantity: int = 1, **more: object) -> dict[str, object]:
    """What places an order of one SKU."""
    return {"items": [{"sku_id": sku, "quantity": quantity}], **more}
