"""A request as the server has it, in the words of WSGI: PEP 3333."""

import sys
from functools import lru_cache
from typing import Any, Protocol


class Headers(Protocol):
    """The server's headers; a name that came several times is there several times."""

    def keys(self) -> list[str]:
        """Return the names, in lower case."""

    def items(self) -> list[tuple[str, str]]:
        """Return name and value of each whose value is readable: visible ASCII."""


class Scope(Protocol):
    """What the server tells of a request (RSGI 1)."""

    proto: str
    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None
    headers: Headers


_ALWAYS: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}
_OWN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def environ_of(scope: Scope) -> dict[str, Any]:
    """Return the environment of a request, without its body.

    A header whose name has an underscore is left out: it would pass for one with a hyphen.
    """
    server, _, port = scope.server.rpartition(":")
    environ = {
        **_ALWAYS,
        "REQUEST_METHOD": scope.method,
        # WSGI wants the bytes of the path, each as one character.
        "PATH_INFO": scope.path
        if scope.path.isascii()
        else scope.path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
    }
    readable = scope.headers.items()
    names = scope.headers.keys()
    if len(names) != len(readable):
        # What cannot be read is there all the same: a key that is none must not look like no key.
        environ.update({key: "" for key in map(_key, names) if key})
    for name, value in readable:
        if key := _key(name):
            before = environ.get(key)
            environ[key] = _joined(key, before, value) if before else value
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    return environ


@lru_cache(maxsize=500)
def _key(name: str) -> str:
    if "_" in name:
        return ""
    return _OWN.get(name) or "HTTP_" + name.upper().replace("-", "_")


def _joined(key: str, before: str, value: str) -> str:
    return f"{before}; {value}" if key == "HTTP_COOKIE" else f"{before},{value}"
