"""What others may ask: the log of messages, and the notices of the console."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.messages import rendering
from kacang.messages.models import Message, MessageState
from kacang.messages.wording.house import language_of
from kacang.messages.wording.queries import own_words
from kacang.messages.wording.texts import Wording
from kacang.messages.wording.variables import IN_APP
from kacang.shared.texts import Text, both, pick

__all__ = [
    "MessageFilter", "MessagePage", "MessageRow", "MessageState", "NoticePage", "NoticeRow", "log",
    "notices", "unread_count",
]  # fmt: skip

# Why a mail was not sent, in words; the server's number may follow the code.
PROBLEMS: dict[str, Text] = {
    "not_configured": both("未配置邮件服务器。", "The operator has named no mail server yet."),
    "refused": both("对方服务器拒收。", "The mail server refused it."),
    "login": both("邮件服务器登录失败。", "The mail server did not accept our login."),
    "timeout": both("邮件服务器响应超时。", "The mail server did not answer in time."),
    "not_reached": both("无法连接邮件服务器。", "The mail server could not be reached."),
    "malformed": both("收件地址无效。", "The address is not valid."),
    "sms_later": both("发送过于频繁，稍后重试。", "The company wants it later."),
    "sms_balance": both("短信账户余额不足。", "The account at the company is empty."),
    "sms_key": both("短信密钥不正确。", "The company does not know the key."),
    "sms_number": both("手机号无效。", "The number is not valid."),
    "sms_sign": both("短信签名未通过审核。", "The company does not accept the signature."),
    "sms_template": both(
        "短信模板不正确或未通过审核。", "The company does not accept the template."
    ),
    "sms_no_template": both("该事件没有短信模板。", "There is no template for this event."),
    "sms_refused": both("短信服务商拒绝发送。", "The company refused it."),
    "unknown": both(
        "服务商没有答复，可能已经发送；为避免重复，未自动重发。",
        "The company did not answer. It may have been sent, so it is not sent again by itself.",
    ),
    "no_sms_sender": both("未安装短信服务。", "No sender of text messages is installed."),
    "outdated": both("内容已过期，未发送。", "It had expired before it could be sent."),
}


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message in the log. `error` is a code, with the server's number where there is one."""

    uid: str
    channel: str
    event: str
    recipient: str
    language: str
    state: MessageState
    tries: int
    error: str
    created_at: datetime
    sent_at: datetime | None

    def problem(self, language: str) -> str:
        """Say why it was not sent, in a language."""
        code, _, number = self.error.partition(" ")
        words = pick(PROBLEMS.get(code), language) or self.error
        return f"{words} ({number})" if number else words


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of the log, the newest first. `next_cursor` is empty on the last page."""

    rows: tuple[MessageRow, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What the log is narrowed to. Empty values mean: all."""

    state: MessageState | None = None
    channel: str = ""
    event: str = ""
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice of the console, in the reader's language. `target` is a kind and a public id."""

    uid: str
    event: str
    title: str
    line: str
    tone: str
    target: tuple[str, str]
    created_at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page of notices, the newest first. `next_cursor` is empty on the last page."""

    rows: tuple[NoticeRow, ...]
    next_cursor: str


def log(
    *, merchant_id: int, where: MessageFilter = MessageFilter(), cursor: str = "", limit: int = 50
) -> MessagePage:
    """Return a page of the messages. A cursor that is none is taken as the start."""
    with acting_as(merchant_id):
        rows = Message.objects.filter(merchant_id=merchant_id)
        if where.state is not None:
            rows = rows.filter(state=where.state)
        for name in ("channel", "event", "recipient"):
            if value := getattr(where, name):
                rows = rows.filter(**{name: value})
        found, next_cursor = _page(merchant_id, rows, cursor, limit)
    return MessagePage(tuple(_message(row) for row in found), next_cursor)


def notices(
    *, merchant_id: int, language: str, cursor: str = "", limit: int = 30, unread: bool = False
) -> NoticePage:
    """Return a page of the console's notices in a language, or of the unread ones."""
    with acting_as(merchant_id):
        rows = Message.objects.filter(merchant_id=merchant_id, channel=IN_APP)
        if unread:
            rows = rows.filter(read_at__isnull=True)
        found, next_cursor = _page(merchant_id, rows, cursor, limit)
        own = own_words(merchant_id=merchant_id, channel=IN_APP) if found else {}
    return NoticePage(tuple(_notice(row, language, own) for row in found), next_cursor)


def unread_count(*, merchant_id: int, most: int = 99) -> int:
    """Return how many notices nobody has read, up to `most`."""
    with acting_as(merchant_id):
        rows = Message.objects.filter(merchant_id=merchant_id, channel=IN_APP, read_at__isnull=True)
        # Ordered like the index of what is unread: it never looks at the rest.
        return rows.order_by("-id")[:most].count()


def _page(
    merchant_id: int, rows: QuerySet[Message], cursor: str, limit: int
) -> tuple[list[Message], str]:
    if cursor:
        known = Message.objects.filter(merchant_id=merchant_id, uid=cursor)
        before = known.values_list("id", flat=True).first()
        rows = rows.filter(id__lt=before) if before is not None else rows
    found = list(rows.order_by("-id")[: limit + 1])
    return found[:limit], found[limit - 1].uid if len(found) > limit else ""


def _message(row: Message) -> MessageRow:
    return MessageRow(
        uid=row.uid,
        channel=row.channel,
        event=row.event,
        recipient=row.recipient,
        language=row.language,
        state=MessageState(row.state),
        tries=row.tries,
        error=row.error,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


def _notice(row: Message, language: str, own: Mapping[tuple[str, str], Wording]) -> NoticeRow:
    said = own.get((row.event, language_of(language)))
    words = rendering.notice(row.event, language, row.context, said)
    return NoticeRow(
        uid=row.uid,
        event=row.event,
        title=words.title,
        line=words.line,
        tone=words.tone,
        target=words.target,
        created_at=row.created_at,
        is_read=row.read_at is not None,
    )
