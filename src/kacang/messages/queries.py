"""What others may ask: the log of messages. The notices of the console are in `bell`."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.messages.models import Message, MessageState
from kacang.shared.texts import Text, both, pick

__all__ = [
    "MessageFilter", "MessagePage", "MessageRow", "MessageState", "log", "problem_words",
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
    "no_wechat": both("未启用小程序账户。", "No account of a mini-program is on."),
    "wechat_refused": both(
        "对方没有订阅此消息。", "The reader has not agreed to a message of this kind."
    ),
    "wechat_data": both("模板参数不符合微信的要求。", "A value does not fit the template."),
    "wechat_reader": both("openid 不属于该小程序。", "The openid is none of this mini-program."),
    "wechat_template": both("小程序没有这个模板。", "The mini-program has no such template."),
    "wechat_page": both("小程序没有这个页面。", "The mini-program has no such page."),
    "no_sms_sender": both("未安装短信服务。", "No sender of text messages is installed."),
    "undelivered": both(
        "运营商回执：未送达。", "The company took it, but it did not reach the phone."
    ),
    "too_often": both(
        "当天已向该收件人发过同类通知，超过上限。",
        "They got as many of this kind today as your limit allows.",
    ),
    "opted_out": both("收件人已关闭此类通知。", "They do not want to be told of this."),
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
    delivered_at: datetime | None
    company: str
    parts: int
    price_milli: int
    held_until: datetime | None = None

    def problem(self, language: str) -> str:
        """Say why it was not sent, in a language."""
        return problem_words(self.error, language)


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
    # Sent from the first of these to before the second.
    sent: tuple[datetime, datetime] | None = None


def problem_words(error: str, language: str) -> str:
    """Say what an error of the log means; what follows its code is the other side's own."""
    code, _, number = error.partition(" ")
    words = pick(PROBLEMS.get(code), language) or error
    return f"{words} ({number})" if number else words


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
        if where.sent is not None:
            rows = rows.filter(sent_at__gte=where.sent[0], sent_at__lt=where.sent[1])
        found, next_cursor = _page(merchant_id, rows, cursor, limit)
    return MessagePage(tuple(_message(row) for row in found), next_cursor)


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
        delivered_at=row.delivered_at,
        company=row.company,
        parts=row.parts,
        price_milli=row.price_milli,
        held_until=row.held_until if row.state == MessageState.WAITING else None,
    )
