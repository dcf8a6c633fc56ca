"""How cases are said, to buyers and staff, on pages and in mails."""

from kacang.aftersales.queries import CaseKind, CaseRow, Decision
from kacang.shared.texts import Text, both

KINDS: dict[CaseKind, Text] = {
    CaseKind.NOT_WORKING: both("卡密无法使用", "The card does not work"),
    CaseKind.USED: both("卡密已被使用", "The card was used already"),
    CaseKind.WRONG: both("商品不符", "These are other goods"),
    CaseKind.DAMAGED: both("商品破损", "The goods are damaged"),
    CaseKind.NOT_ARRIVED: both("没有收到", "Nothing has arrived"),
    CaseKind.OTHER: both("其他问题", "Something else"),
}
KIND_NAMES = {kind.name.lower(): kind for kind in CaseKind}
DECISION_NAMES = {decision.name.lower(): decision for decision in Decision}


def decision_words(row: CaseRow) -> Text:
    """Return what a decision does for the buyer; {} before there is one."""
    amount = str(row.amount or "")
    waits = bool(row.outcome.get("waits"))
    said: dict[Decision | None, Text] = {
        Decision.REFUND: both(
            f"退款 {amount}" + ("，正在审核" if waits else ""),
            f"{amount} is given back" + (", once it is approved" if waits else ""),
        ),
        Decision.REPLACE: both("已更换卡密，请到订单页查看", "A new card, on the order's page"),
        Decision.RESHIP: both("重新发货", "The goods are sent again"),
        Decision.REPAIR: both("已更正卡密，请到订单页查看", "The right code, on the order's page"),
        Decision.REJECT: both("未能支持您的诉求", "It could not be granted"),
    }
    return said.get(row.decision, {})
