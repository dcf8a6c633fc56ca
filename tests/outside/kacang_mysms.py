"""A sender of text messages as a package of somebody else would bring it: knows only the port."""

import hashlib
import hmac
import json
import os
import urllib.error
import urllib.request

from kacang.messages.ports import NotSent, TextMessage

FINAL = (401, 422)


class MySms:
    """The adapter. Address and key are the operator's: MYSMS_URL and MYSMS_KEY."""

    name = "mysms"
    port_version = 1

    def send(self, message: TextMessage) -> None:
        said = {
            "reference": message.reference,
            "to": message.phone,
            "sign_name": message.sender,
            "text": message.text,
        }
        body = json.dumps(said).encode()
        key = os.environ["MYSMS_KEY"].encode()
        headers = {
            "Content-Type": "application/json",
            "X-Signature": hmac.new(key, body, hashlib.sha256).hexdigest(),
        }
        url = f"{os.environ['MYSMS_URL']}/messages"
        asked = urllib.request.Request(url, body, headers)  # noqa: S310 - http, the operator's
        try:
            with urllib.request.urlopen(asked, timeout=10):  # noqa: S310 - as above
                return
        except urllib.error.HTTPError as error:
            with error:
                code = json.load(error).get("code", "")
            raise NotSent(f"refused {code}", is_final=error.code in FINAL) from error
        except OSError as error:
            raise NotSent("not_reached", is_final=False) from error


class Outdated(MySms):
    """An adapter for a port that is no more."""

    name = "a-outdated"
    port_version = 0


class Broken:
    """One that cannot be built."""

    def __init__(self) -> None:
        raise ConnectionError("no licence")
