"""Something of each kind that is done with many orders, for the pages that show it."""

from kacang.orders.batches.operations import Act
from kacang.orders.exports import operations as exports
from kacang.orders.exports.operations import COLUMNS, ExportRequest
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.slips import operations as slips
from kacang.orders.types import OrderState
from kacang.shared.clock import utc_now
from tests.orders.batches.conftest import Shop, tracking, workbook
from tests.stock.conftest import ACTOR


def some_batches(merchant_id: int) -> dict[str, dict[str, str]]:
    """A list that was looked at, parcels, an export and slips; by the name of their page."""
    shop = Shop(merchant_id)
    paid = shop.many(shop.nuts(free=True), 3)
    lines = [(one.number, "顺丰速运", tracking()) for one in paid]
    lines[2] = (lines[2][0], "没有这家快递公司" * 4, "错" * 40)
    check = shop.checked(workbook(lines))
    batch = shop.run(shop.sent(check))
    shop.run(shop.start(Act.NOTE, *paid, text="加急，请优先处理" * 20))
    request = ExportRequest(
        where=OrderFilter(),
        columns=tuple(COLUMNS),
        format="xlsx",
        states={int(state): state.name for state in OrderState},
        masked=True,
        language="zh-hans",
    )
    export = exports.start_export(
        merchant_id=merchant_id, actor=ACTOR, request=request, now=utc_now()
    )
    exports.run_export(merchant_id=merchant_id, work_uid=export)
    printed = slips.start_slips(
        merchant_id=merchant_id, actor=ACTOR, now=utc_now(),
        request=slips.SlipsRequest(OrderFilter(), "label", "zh-hans"),
    )  # fmt: skip
    slips.run_slips(merchant_id=merchant_id, work_uid=printed)
    return {
        "console_ship_check": {"uid": check.uid},
        "console_order_batch": {"uid": batch.uid},
        "console_order_export": {"uid": export},
        "console_slips": {"uid": printed},
    }
