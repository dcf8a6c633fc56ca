"""What a message can say about its event: the names, an example of each, and what must not miss.

Nothing here is a secret of the trade: no code, no password, no contact. A link and a one-time code
exist in the mail alone, are made when it is sent and kept nowhere (rule 27), so that only mails
know them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kacang.messages.events import Event
from kacang.shared.texts import Text, both, pick

EMAIL, IN_APP, SMS = "email", "in_app", "sms"
# Subscription messages of a mini-program: their words are the template's at WeChat.
WECHAT = "wechat"
# What goes by a company, to a phone.
CARRIED = (SMS, WECHAT)
# Other systems: they are told data, not words.
WEBHOOK = "webhook"
# Known to mails alone.
IN_MAILS = ("link", "code", "stop")
ROWS_SHOWN = 100
Compute = Callable[[Mapping[str, Any], str], str]


@dataclass(frozen=True, slots=True)
class Variable:
    """A name, what it stands for, and an example."""

    name: str
    words: Text
    example: Text


def _one(name: str, zh: str, en: str, zh_example: str, en_example: str = "") -> Variable:
    return Variable(name, both(zh, en), both(zh_example, en_example or zh_example))


_KNOWN = {
    one.name: one
    for one in (
        _one("shop", "店铺名", "Name of the shop", "小鹿数卡", "Deer Cards"),
        _one("order", "订单号", "Order number", "202611260K7QW2M9XB"),
        _one("title", "商品名", "Product", "视频会员 年卡", "Video, one year"),
        _one("amount", "金额", "Amount", "¥198.00"),
        _one("reason", "原因", "Why", "库存不足，补货后自动发货。", "Out of stock."),
        _one("link", "链接", "Link", "https://shop.example.com/orders/…"),
        _one("code", "验证码", "One-time code", "482 913"),
        _one("stop", "退订链接", "Link to be forgotten", "https://shop.example.com/stop/…"),
        _one("courier", "快递公司", "Courier", "顺丰速运", "SF Express"),
        _one("number", "运单号", "Tracking number", "SF1234567890123"),
        _one("why", "原因", "Why", "凭证不清晰", "The picture cannot be read"),
        _one("ask", "联系方式提示", "How to ask the shop",
             "需要约定时间或地址，请联系商家：微信 deer",
             "To agree on a time or an address, contact the shop: deer"),
        _one("way", "退款方式说明", "Which way money goes back",
             "款项原路退回，到账时间以支付渠道为准。", "It goes back the way it came."),
        _one("count", "数量", "How many", "3"),
        _one("list", "明细", "What it is about, line by line", "视频会员 年卡 × 2，2026-12-31 到期",
             "Video, one year × 2, until 2026-12-31"),
        _one("at", "时间", "When", "2026-11-26 09:00"),
        _one("left", "剩余数量", "How many are left", "3"),
        _one("threshold", "预警线", "Warning level", "5"),
        _one("cards", "张数", "How many cards", "12"),
        _one("days", "天数", "Days", "7"),
        _one("reference", "转账附言", "Note of the transfer", "K7QW2M"),
        _one("by", "申请人", "Who asked", "陆晓雨", "Lu Xiaoyu"),
        _one("of_order", "所属订单", "Of which order", "（订单 202611260K7QW2M9XB）",
             " of order 202611260K7QW2M9XB"),
        _one("result", "结果", "What came of it", "已生效", "order 202611260K7QW2M9XB was changed"),
        _one("answer", "商家答复", "What the shop says", "商家已同意并完成修改。",
             "The shop has approved it, and it is made."),
        _one("decision", "处理结果", "Decision", "退款 ¥198.00", "Refund of ¥198.00"),
        _one("what", "事由", "What about", "卡密无法使用", "The code does not work"),
        _one("kind", "类型", "What kind", "卡密问题", "A faulty code"),
        _one("due", "时限", "Due", "2026-11-26 18:00"),
        _one("owner", "负责人", "Looked after by", "陆晓雨", "Lu Xiaoyu"),
        _one("level", "级别", "Level", "2"),
        _one("late", "超时数量", "How many are late", "2"),
        _one("near", "临近数量", "How many are due soon", "5"),
        _one("customer", "客户", "Customer", "l***@example.com"),
        _one("name", "账户名称", "Name of the account", "微信支付一号", "WeChat Pay 1"),
        _one("calls", "调用次数", "Calls to the company", "12"),
        _one("failed", "失败次数", "Calls that failed", "8"),
        _one("opened", "发起支付笔数", "Payments begun", "40"),
        _one("paid", "成功笔数", "Payments made", "1"),
        _one("device", "设备", "Device", "Chrome · Windows"),
        _one("address", "网络地址", "Network address", "203.0.113.8"),
        _one("until", "结束时间", "Until when", "2026-11-26 18:30"),
        _one("may", "可做什么", "What they may do", "只能查看", "Looks only"),
        _one("url", "地址", "Address", "https://erp.example.com/kacang"),
    )
}  # fmt: skip
_OF: dict[Event, str] = {
    Event.ORDER_DELIVERED: "order title amount link",
    Event.ORDER_READY: "order title amount ask link",
    Event.ORDER_SHIPPED: "order title amount courier number link",
    Event.ORDER_WAITING: "order title amount reason link",
    Event.ORDER_REPLACED: "order title amount link",
    Event.ORDER_CANCELLED: "order title amount link",
    Event.ORDER_EXPIRING: "order count list link",
    Event.ORDER_REFUNDED: "order title amount way link",
    Event.ORDER_CODE: "order code",
    Event.ORDER_PROOF_REJECTED: "order title amount why link",
    Event.ORDER_UNPAID: "order title amount link",
    Event.ORDER_CHANGED: "order title result answer link",
    Event.ORDER_CONTACT_CHANGED: "order link",
    Event.CASE_ANSWERED: "order title ask link",
    Event.CASE_DECIDED: "order title decision why link",
    Event.WALLET_CODE: "code",
    Event.WITHDRAWAL: "amount result answer link",
    Event.RESTOCKED: "title link stop",
    Event.STAFF_ORDER_WAITING: "order title amount reason link",
    Event.STAFF_SUSPENSE: "amount link",
    Event.STAFF_TRANSFER: "order amount reference link",
    Event.STAFF_ACCOUNT_PAUSED: "name calls failed opened paid link",
    Event.STAFF_ACCOUNT_WELL: "name link",
    Event.STAFF_LOW_STOCK: "title left threshold link",
    Event.STAFF_LOW_DIGEST: "at count list link",
    Event.STAFF_EXPIRING: "title cards days link",
    Event.STAFF_REFUND_ASKED: "amount by reason of_order link",
    Event.STAFF_REFUND_FAILED: "amount why of_order link",
    Event.STAFF_REFUND_OUTSIDE: "amount of_order link",
    Event.STAFF_WEBHOOK_OFF: "url link",
    Event.SIGN_IN_NEW: "device address link",
    Event.STAFF_WITHDRAWAL: "amount customer link",
    Event.STAFF_VISIT: "by may until reason link",
    Event.STAFF_VISIT_ASKED: "by may until reason link",
    Event.STAFF_ESCALATED: "order title amount kind level link",
    Event.STAFF_DEADLINES: "late near link",
    Event.STAFF_CASE: "order title what kind due link",
    Event.STAFF_CASE_DUE: "order title kind due owner link",
    Event.STAFF_CASE_LATE: "order title kind due owner link",
}
# Without these a message is of no use, by channel.
_NEEDED: dict[tuple[Event, str], frozenset[str]] = {
    (Event.ORDER_CODE, EMAIL): frozenset({"code"}),
    (Event.WALLET_CODE, EMAIL): frozenset({"code"}),
    (Event.RESTOCKED, EMAIL): frozenset({"link", "stop"}),
    **{
        (event, EMAIL): frozenset({"link"})
        for event in (Event.ORDER_DELIVERED, Event.ORDER_REPLACED, Event.ORDER_PROOF_REJECTED)
    },
}


def variables(event: Event, channel: str) -> tuple[Variable, ...]:
    """Return what a message of a channel can say about an event."""
    names = ("shop", *_OF.get(event, "").split())
    return tuple(_KNOWN[name] for name in names if channel == EMAIL or name not in IN_MAILS)


def needed(event: Event, channel: str) -> frozenset[str]:
    """Return the names without which a message of a channel is of no use."""
    return _NEEDED.get((event, channel), frozenset())


def examples(event: Event, channel: str, language: str) -> dict[str, str]:
    """Return an example of each value."""
    return {one.name: pick(one.example, language) for one in variables(event, channel)}


def with_computed(event: str, language: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context with the values that are put together from others in it."""
    made = dict(context)
    for name, compute in _COMPUTED.get(Event(event), ()):
        made[name] = compute(context, language)
    return made


def _way(context: Mapping[str, Any], language: str) -> str:
    if _is_on(context.get("to_wallet")):
        words = both("款项已存入您在本店的余额。", "It is in your wallet in the shop.")
    elif _is_on(context.get("by_hand")):
        words = both("款项由商家人工退回。", "The shop has paid it by hand.")
    else:
        words = both(
            "款项原路退回，到账时间以支付渠道为准。",
            "It goes back the way it came; the payment company decides how long that takes.",
        )
    if not _is_on(context.get("paid_twice")):
        return pick(words, language)
    twice = both(
        "您多付了款，退回的是多付的部分，订单不受影响。",
        "You paid more than once: what was too much goes back, and the order stays as it is. ",
    )
    return pick(twice, language) + pick(words, language)


def _withdrawn(context: Mapping[str, Any], language: str) -> str:
    words = {
        "asked": both("已申请", "is asked for"),
        "paid": both("已付款", "was paid"),
        "refused": both("未通过", "is refused"),
        "returned": both("已退回钱包", "is in your wallet again"),
    }.get(str(context.get("state", "")))
    return pick(words, language) if words else ""


def _withdrawal(context: Mapping[str, Any], language: str) -> str:
    to, ref, why = (str(context.get(name, "")) for name in ("to", "ref", "reason"))
    words = {
        "asked": both(
            f"收款账户 {to}。该金额已冻结；商家审核前，您可以在钱包页撤回。"
            "如非本人操作，请立即撤回并联系商家。",
            f"It is to be paid to {to}. The sum is held; you can take it back on the page of your"
            " wallet until the shop has approved it. If it was not you, do that now, and write to"
            " the shop.",
        ),
        "paid": both(
            f"商家已向 {to} 付款，流水号 {ref}，到账时间以银行为准。",
            f"The shop has paid it to {to}. Its number is {ref}; how long it takes, the bank"
            " decides.",
        ),
        "refused": both(
            f"原因：{why}。该金额已恢复可用。", f"The shop says: {why}. The sum can be spent again."
        ),
        "returned": both(
            f"未能付至 {to}，原因：{why}。款项已退回您的钱包。",
            f"It could not be paid to {to}: {why}. The sum is in your wallet again.",
        ),
    }.get(str(context.get("state", "")))
    return pick(words, language) if words else ""


def _ask(context: Mapping[str, Any], language: str) -> str:
    if not context.get("contact"):
        return ""
    words = both(
        "需要约定时间或地址，请联系商家：", "To agree on a time or an address, contact the shop: "
    )
    return pick(words, language) + str(context["contact"])


def _result(context: Mapping[str, Any], language: str) -> str:
    order = context.get("order", "")
    if _is_on(context.get("is_made")):
        return pick(both("已生效", f"order {order} was changed"), language)
    return pick(both("未通过", f"order {order} was not changed"), language)


def _answer(context: Mapping[str, Any], language: str) -> str:
    if _is_on(context.get("is_made")):
        words = both("商家已同意并完成修改。", "The shop has approved it, and it is made.")
        return pick(words, language)
    why = context.get("why", "")
    return pick(both(f"商家没有同意：{why}", f"The shop has not approved it: {why}"), language)


def _of_order(context: Mapping[str, Any], language: str) -> str:
    order = context.get("order")
    return pick(both(f"（订单 {order}）", f" of order {order}"), language) if order else ""


def _low(context: Mapping[str, Any], language: str) -> str:
    parts = []
    for row in context.get("rows", ())[:ROWS_SHOWN]:
        days = row.get("days")
        lasts = both(f"，约可售 {days} 天", f", lasts about {days} days") if days else None
        words = both(
            f"{row['title']}：可售 {row['left']}，预警线 {row['line']}，近 7 天售出 {row['sold']}",
            f"{row['title']}: {row['left']} left, the line is {row['line']},"
            f" {row['sold']} sold in 7 days",
        )
        parts += [pick(words, language) + pick(lasts, language), str(row.get("link", ""))]
    if more := context.get("more"):
        words = both(
            f"另有 {more} 个规格偏低，请在后台查看。", f"{more} more are low: see the console."
        )
        parts.append(pick(words, language))
    return "\n\n".join(part for part in parts if part)


def _expiring(context: Mapping[str, Any], language: str) -> str:
    parts = []
    for row in context.get("rows", ())[:ROWS_SHOWN]:
        words = both(
            f"{row['title']} × {row['count']}，{row['at']} 到期",
            f"{row['title']} × {row['count']}, until {row['at']}",
        )
        parts.append(pick(words, language))
    if context.get("more"):
        words = both("更多卡密请在订单页查看。", "There are more on the page of your order.")
        parts.append(pick(words, language))
    return "\n\n".join(parts)


def _is_on(value: object) -> bool:
    # Values are lines of text by now.
    return str(value) not in ("", "None", "False")


_COMPUTED: dict[Event, tuple[tuple[str, Compute], ...]] = {
    Event.ORDER_REFUNDED: (("way", _way),),
    Event.ORDER_READY: (("ask", _ask),),
    Event.ORDER_CHANGED: (("result", _result), ("answer", _answer)),
    Event.WITHDRAWAL: (("result", _withdrawn), ("answer", _withdrawal)),
    Event.ORDER_EXPIRING: (("list", _expiring),),
    Event.STAFF_LOW_DIGEST: (("list", _low),),
    Event.STAFF_REFUND_ASKED: (("of_order", _of_order),),
    Event.STAFF_REFUND_FAILED: (("of_order", _of_order),),
    Event.STAFF_REFUND_OUTSIDE: (("of_order", _of_order),),
}
