"""Cases and reviews of a busy shop, as the guide shows them."""

from kacang.aftersales import operations as cases
from kacang.aftersales.models import CaseKind
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.payments import queries as payments
from kacang.reviews import operations as reviews
from tests import make
from tests.aftersales.cases import BUYER, CLERK, Sold, contact, film, jpeg


def some_complaints(merchant_id: int) -> str:
    """Two cases of one buyer, quick replies, and a review that waits; return the newer case."""
    change_settings(merchant_id=merchant_id, values={"reviews_on": True}, actor=SYSTEM)
    account = payments.account_for(merchant_id=merchant_id, provider="sandbox")
    made = make.sku(merchant_id, cards=4)
    same = {"made": made, "account": account, "contact": contact()}
    first = Sold(merchant_id, 1, **same)
    first.open(kind=CaseKind.NOT_WORKING, text="兑换页面打不开")
    sold = Sold(merchant_id, 1, **same)
    photo = cases.judge_evidence(
        name="IMG_2041.jpg", content_type="image/jpeg", body=jpeg((800, 600), "#5b86ff")
    )
    uid = sold.open(
        kind=CaseKind.USED,
        text="昨晚 20:10 兑换，提示卡密已被其他账号使用，截图和录屏见附件。",
        files=[photo, film()],
    )
    for title, text in (("已收到", "您好，订单 {order} 的售后已收到，{hours} 小时内处理。"),
                        ("请补充录屏", "您好，麻烦补充一段兑换 {product} 的录屏。")):  # fmt: skip
        cases.save_reply(merchant_id=merchant_id, title=title, body={"zh-Hans": text}, actor=CLERK)
    cases.answer(**sold.theirs(uid, text="您好，已收到，正在向供货商核实。", waits=False))
    new = reviews.NewReview(sold.number, 1, 5, "马上到账，说明清楚", [jpeg((400, 300), "#fa0")])
    reviews.write_review(merchant_id=merchant_id, new=new, actor=BUYER)
    return uid
