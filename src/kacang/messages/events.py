"""What is told to whom. A mail's words are files in `templates/mail/`, a notice's are here."""

from dataclasses import dataclass
from enum import StrEnum

from kacang.shared.texts import Text, both


class Event(StrEnum):
    """Everything that a message can be about."""

    ORDER_DELIVERED = "order.delivered"
    ORDER_READY = "order.ready"
    ORDER_SHIPPED = "order.shipped"
    ORDER_WAITING = "order.waiting"
    ORDER_REPLACED = "order.replaced"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_EXPIRING = "order.expiring"
    ORDER_REFUNDED = "order.refunded"
    ORDER_CODE = "order.code"
    ORDER_PROOF_REJECTED = "order.proof_rejected"
    ORDER_UNPAID = "order.unpaid"
    ORDER_CHANGED = "order.changed"
    ORDER_CONTACT_CHANGED = "order.contact_changed"
    CASE_ANSWERED = "case.answered"
    CASE_DECIDED = "case.decided"
    WALLET_CODE = "wallet.code"
    WITHDRAWAL = "wallet.withdrawal"
    SIGN_IN_NEW = "sign_in.new"
    RESTOCKED = "restocked"
    STAFF_ORDER_WAITING = "staff.order_waiting"
    STAFF_SUSPENSE = "staff.suspense"
    STAFF_TRANSFER = "staff.transfer"
    STAFF_ACCOUNT_PAUSED = "staff.account_paused"
    STAFF_ACCOUNT_WELL = "staff.account_well"
    STAFF_LOW_STOCK = "staff.low_stock"
    STAFF_LOW_DIGEST = "staff.low_digest"
    STAFF_EXPIRING = "staff.expiring"
    STAFF_REFUND_ASKED = "staff.refund_asked"
    STAFF_REFUND_FAILED = "staff.refund_failed"
    STAFF_REFUND_OUTSIDE = "staff.refund_outside"
    STAFF_WEBHOOK_OFF = "staff.webhook_off"
    STAFF_ESCALATED = "staff.escalated"
    STAFF_DEADLINES = "staff.deadlines"
    STAFF_CASE = "staff.case"
    STAFF_CASE_DUE = "staff.case_due"
    STAFF_CASE_LATE = "staff.case_late"
    STAFF_WITHDRAWAL = "staff.withdrawal"
    STAFF_VISIT = "staff.visit"
    STAFF_VISIT_ASKED = "staff.visit_asked"


# What nobody switches off: whoever looks into a shop from outside is seen.
WATCHED = frozenset({Event.STAFF_VISIT, Event.STAFF_VISIT_ASKED})


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """How a notice in the console reads. Names in braces come from its context."""

    title: Text
    line: Text
    tone: str  # the colour of a pill
    # What it leads to: a kind that the console knows, and the name in the context with its id.
    target: tuple[str, str] = ("", "")


NOTICES: dict[Event, NoticeWords] = {
    Event.STAFF_ORDER_WAITING: NoticeWords(
        both("订单 {order} 已付款，待处理", "Order {order} is paid and waits"),
        both("{reason}", "{reason}"),
        "orange",
        ("order", "order"),
    ),
    Event.STAFF_SUSPENSE: NoticeWords(
        both("收到 {amount}，与订单不符", "{amount} arrived that fits no order"),
        both(
            "款项已记入待查账户，请核对。", "It is kept on the suspense account. Please look at it."
        ),
        "red",
        ("suspense", "receipt"),
    ),
    Event.STAFF_TRANSFER: NoticeWords(
        both("有一笔 {amount} 的银行转账待确认", "A bank transfer of {amount} is to be confirmed"),
        both(
            "订单 {order}，附言 {reference}，买家已上传凭证。",
            "Order {order}, note {reference}; the buyer has handed in a proof.",
        ),
        "orange",
        ("transfer", "payment"),
    ),
    Event.STAFF_ACCOUNT_PAUSED: NoticeWords(
        both("支付账户“{name}”已暂停", "The payment account {name} is left out"),
        both(
            "近期调用 {calls} 次失败 {failed} 次，支付 {opened} 笔成功 {paid} 笔；会自动重试。",
            "{failed} of {calls} calls failed, {paid} of {opened} payments were made. It is tried"
            " again by itself.",
        ),
        "red",
        ("account", "account"),
    ),
    Event.STAFF_ACCOUNT_WELL: NoticeWords(
        both("支付账户“{name}”已恢复", "The payment account {name} is back"),
        both("重试正常，已重新接单。", "It does well, and takes payments again."),
        "green",
        ("account", "account"),
    ),
    Event.STAFF_REFUND_ASKED: NoticeWords(
        both("退款 {amount} 待审核", "A refund of {amount} waits for approval"),
        both("{by}：{reason}", "{by}: {reason}"),
        "orange",
        ("refunds", "refund"),
    ),
    Event.STAFF_REFUND_FAILED: NoticeWords(
        both("退款 {amount} 失败", "A refund of {amount} failed"),
        both("支付渠道：{why}", "The payment company says: {why}"),
        "red",
        ("refunds", "refund"),
    ),
    Event.STAFF_REFUND_OUTSIDE: NoticeWords(
        both(
            "支付渠道后台退款 {amount}",
            "{amount} was given back at the payment company's website",
        ),
        both("不是在本系统发起的，请核对。", "Nobody asked for it here. Please look at it."),
        "orange",
        ("refunds", "refund"),
    ),
    Event.STAFF_WEBHOOK_OFF: NoticeWords(
        both("Webhook 已停用：{url}", "A webhook was switched off: {url}"),
        both(
            "对方长时间没有正常应答，请检查后重新启用。",
            "It has not answered well for too long. Please look at it and switch it on again.",
        ),
        "red",
        ("webhook", "webhook"),
    ),
    Event.STAFF_ESCALATED: NoticeWords(
        both("异常订单 {order} 已超时", "Order {order} is late"),
        both("{kind}，升级到第 {level} 级。", "It waits: {kind}. It went up to level {level}."),
        "red",
        ("order", "order"),
    ),
    Event.STAFF_DEADLINES: NoticeWords(
        both("有订单临近或超过时效", "Deadlines of orders are near, or missed"),
        both("新增超时 {late} 项，即将到期 {near} 项。", "{late} newly late, {near} due soon."),
        "orange",
        ("deadlines", ""),
    ),
    Event.STAFF_CASE: NoticeWords(
        both("售后：{what}", "After-sales: {what}"),
        both("订单 {order}，{kind}。", "Order {order}: {kind}."),
        "purple",
        ("case", "case"),
    ),
    Event.STAFF_CASE_DUE: NoticeWords(
        both("售后即将超时：订单 {order}", "A case is due soon: order {order}"),
        both("请在 {due} 前处理。", "Please see to it by {due}."),
        "orange",
        ("case", "case"),
    ),
    Event.STAFF_CASE_LATE: NoticeWords(
        both("售后已超时：订单 {order}", "A case is late: order {order}"),
        both("时限 {due}，负责人：{owner}。", "Due {due}; looked after by {owner}."),
        "red",
        ("case", "case"),
    ),
    Event.STAFF_WITHDRAWAL: NoticeWords(
        both("余额提现 {amount} 待审核", "A withdrawal of {amount} waits for approval"),
        both("客户 {customer}", "Customer {customer}"),
        "orange",
        ("withdrawal", "withdrawal"),
    ),
    Event.STAFF_VISIT: NoticeWords(
        both("平台运营方进入了后台：{by}", "The operator looks into your console: {by}"),
        both("{may}，至 {until}。原因：{reason}", "{may}, until {until}. Why: {reason}"),
        "red",
        ("visits", ""),
    ),
    Event.STAFF_VISIT_ASKED: NoticeWords(
        both("平台运营方申请进入后台：{by}", "The operator asks to look into your console: {by}"),
        both("{may}。原因：{reason}。请同意或拒绝。", "{may}. Why: {reason}. Please answer."),
        "orange",
        ("visits", ""),
    ),
    Event.STAFF_EXPIRING: NoticeWords(
        both("{title} 有卡密临期", "Cards of {title} expire soon"),
        both(
            "{cards} 张在售卡密将在 {days} 天内到期。",
            "{cards} cards on sale expire within {days} days.",
        ),
        "orange",
        ("sku", "sku"),
    ),
    Event.STAFF_LOW_STOCK: NoticeWords(
        both("{title} 库存不足", "{title} is running low"),
        both(
            "剩余 {left} 件，预警线 {threshold} 件。", "{left} left; the threshold is {threshold}."
        ),
        "orange",
        ("sku", "sku"),
    ),
}
# Why a paid order waits, as `hold_reason` says it.
REASONS: dict[str, Text] = {
    "out_of_stock": both(
        "库存不足，补货后自动发货。", "Out of stock; delivered by itself once restocked."
    ),
    "refund_failed": both(
        "退款未完成，将重新发货。", "It was not refunded after all, and is delivered again."
    ),
    "risk_review": both(
        "订单已付款，正在人工核对，核对通过后自动发货；未通过将原路退款。",
        "It is paid and being checked by a person: it is delivered once it passes, or refunded.",
    ),
    "late_payment": both(
        "订单取消后才到账，已无库存。",
        "The money came after the order was cancelled; no stock is left.",
    ),
}
