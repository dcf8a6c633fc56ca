"""What both companies have: templates, the phones that messages reach, reports, and moods.

Numbers that end in 0001 are refused for now (a limit), those in 0002 are taken and the connection
breaks before the answer, those in 0003 are taken and never reached.
"""

import html
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators.payments.company import Asked, Company, Said, tell

_NUMBER = re.compile(r"(\+|00)?[1-9][0-9]{6,14}")
LIMITED, MUTE, UNREACHED = "0001", "0002", "0003"
ONE_PART, EACH_PART = 70, 67
WAITS, ARRIVED, FAILED = "waits", "arrived", "failed"
PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><meta http-equiv="refresh"
content="5"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>body{{font:15px/1.5 system-ui;max-width:46rem;margin:2rem auto;
padding:0 1rem}}article{{border:1px solid #ccd;border-radius:10px;padding:.6rem .9rem;margin:0 0
.8rem}}small{{color:#556}}</style><h1>{title}</h1><p>{count}</p>{rows}</html>
"""


@dataclass
class Sms:
    """A message that a phone gets. `number` is the company's; `state` ends when it is reported."""

    phone: str
    text: str
    sign_name: str
    reference: str
    number: str = ""
    state: str = WAITS
    at: datetime = field(default_factory=lambda: datetime.now().astimezone())

    @property
    def parts(self) -> int:
        """As how many messages it is counted."""
        length = len(f"【{self.sign_name}】{self.text}".encode("utf-16-le")) // 2
        return 1 if length <= ONE_PART else -(-length // EACH_PART)

    @property
    def will_arrive(self) -> bool:
        """Whether the phone can be reached."""
        return not self.phone.endswith(UNREACHED)


class SmsCompany(Company):
    """A server. `templates`: code → text with its places; `is_busy`: it takes nothing now.

    Args:
        key_id: Of the customer's key.
        secret: Of the customer's key.
        templates: Of the customer.
        report_seconds: After so long each message is reported to `callback_url` by itself; None:
            when `deliver` is called.
        host: Where to listen.
        port: 0: any free one.
    """

    title = ""

    def __init__(
        self,
        key_id: str,
        secret: str,
        templates: dict[str, str],
        *,
        report_seconds: float | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(host=host, port=port)
        self.key_id, self.secret, self.templates = key_id, secret, templates
        self.report_seconds = report_seconds
        self.is_busy = False
        self.is_empty = False
        self.sent: list[Sms] = []
        self._breaks = False

    def visit(self, asked: Asked) -> Said | None:
        """Show the messages that arrived, the newest first."""
        if asked.method != "GET" or asked.path not in ("/", "/messages.json"):
            return None
        with self.lock:
            shown = list(reversed(self.sent))[:200]
        if asked.path == "/messages.json":
            rows = [{"phone": one.phone, "text": one.text, "state": one.state} for one in shown]
            return Said(json.dumps(rows, ensure_ascii=False).encode())
        articles = "".join(
            f"<article><b>{html.escape(one.phone)}</b> <small>{one.at:%m-%d %H:%M:%S} · {one.state}"
            f" · {one.parts}</small><br>【{html.escape(one.sign_name)}】{html.escape(one.text)}"
            "</article>"
            for one in shown
        )
        filled_page = PAGE.format(
            title=html.escape(self.title), count=f"{len(self.sent)} 条", rows=articles
        )
        return Said(filled_page.encode(), "text/html; charset=utf-8")

    def is_number(self, phone: str) -> bool:
        """Whether somebody could have this number."""
        return bool(_NUMBER.fullmatch(phone))

    def keep(self, sms: Sms) -> Sms:
        """Take a message, give it a number, and have it reported later."""
        with self.lock:
            sms.number = f"{self.title[:1]}{len(self.sent) + 1:012d}"
            self.sent.append(sms)
            self._breaks = sms.phone.endswith(MUTE)
        if self.report_seconds is not None:
            timer = threading.Timer(self.report_seconds, self.deliver)
            timer.daemon = True
            timer.start()
        return sms

    def react(self, asked: Asked) -> Said | None:
        """As every company; a number that makes the connection break does so after all."""
        said = super().react(asked)
        with self.lock:
            breaks, self._breaks = self._breaks, False
        return None if breaks else said

    def deliver(self) -> list[int]:
        """End what waits, and tell the customer; return what was answered."""
        with self.lock:
            ended = [one for one in self.sent if one.state == WAITS]
            for one in ended:
                one.state = ARRIVED if one.will_arrive else FAILED
        if not ended or not self.callback_url:
            return []
        return [self.tell(ended)]

    def tell(self, ended: list[Sms]) -> int:
        """Send a report about messages; return the status that was answered."""
        body = json.dumps([self.row(one) for one in ended], ensure_ascii=False).encode()
        status, _answer = tell(self.callback_url, body, {"Content-Type": "application/json"})
        return status

    def row(self, sms: Sms) -> dict[str, Any]:
        """Return what a report says of a message. Each company has its own words."""
        raise NotImplementedError


def filled(text: str, values: dict[str, Any]) -> str:
    """Put values into the places of a template."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
