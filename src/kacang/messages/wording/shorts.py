"""What text messages to buyers say: short, without links and codes."""

from kacang.messages.events import Event
from kacang.shared.texts import Text, both

SHORTS: dict[Event, Text] = {
    Event.ORDER_DELIVERED: both(
        "您的订单 {{ order }} 已发货，请到店铺的订单页查看。",
        "Your order {{ order }} is delivered: see its page in the shop.",
    ),
    Event.ORDER_READY: both(
        "您的订单 {{ order }} 已付款 {{ amount }}，商家正在备货。",
        "Your payment of {{ amount }} for order {{ order }} arrived; the goods are being prepared.",
    ),
    Event.ORDER_SHIPPED: both(
        "您的订单 {{ order }} 已由{{ courier }}寄出，运单号 {{ number }}。",
        "Your order {{ order }} was sent with {{ courier }}, number {{ number }}.",
    ),
    Event.ORDER_WAITING: both(
        "已收到订单 {{ order }} 的付款，正在处理，请勿重复付款。",
        "Your payment for order {{ order }} arrived and is being seen to. Please do not pay again.",
    ),
    Event.ORDER_REPLACED: both(
        "您的订单 {{ order }} 已更换卡密，请到店铺的订单页查看。",
        "Codes of your order {{ order }} were replaced: see its page in the shop.",
    ),
    Event.ORDER_CANCELLED: both(
        "您的订单 {{ order }} 未付款，已取消。",
        "Your order {{ order }} was not paid and is cancelled.",
    ),
    Event.ORDER_REFUNDED: both(
        "您的订单 {{ order }} 已退款 {{ amount }}。{{ way }}",
        "{{ amount }} of your order {{ order }} was given back. {{ way }}",
    ),
    Event.ORDER_UNPAID: both(
        "您的订单 {{ order }} 待付款 {{ amount }}，请尽快到店铺完成支付。",
        "Your order {{ order }} over {{ amount }} is still to be paid in the shop.",
    ),
    Event.ORDER_EXPIRING: both(
        "您的订单 {{ order }} 有 {{ count }} 张卡密即将到期，请尽快使用。",
        "{{ count }} codes of your order {{ order }} expire soon. Please use them.",
    ),
    Event.ORDER_CHANGED: both(
        "您的订单 {{ order }} 的修改申请{{ result }}。{{ answer }}",
        "About the change that you asked for: {{ result }}. {{ answer }}",
    ),
    Event.ORDER_CONTACT_CHANGED: both(
        "订单 {{ order }} 的联系方式已更改，此号码不再接收通知。非本人操作请联系商家。",
        "The contact of order {{ order }} was changed. If that was not you, write to the shop.",
    ),
    Event.CASE_ANSWERED: both(
        "商家回复了订单 {{ order }} 的售后，请到店铺查看。{{ ask }}",
        "The shop has answered about order {{ order }}: see its page in the shop. {{ ask }}",
    ),
    Event.CASE_DECIDED: both(
        "订单 {{ order }} 的售后已处理：{{ decision }}。",
        "Your case about order {{ order }} is decided: {{ decision }}.",
    ),
    Event.WITHDRAWAL: both(
        "您的提现 {{ amount }} {{ result }}，详情见钱包页。",
        "Your withdrawal of {{ amount }} {{ result }}: see your wallet in the shop.",
    ),
    Event.ORDER_PROOF_REJECTED: both(
        "订单 {{ order }} 的转账凭证未通过：{{ why }}，请重新上传。",
        "The proof of payment for order {{ order }} was not accepted: {{ why }}.",
    ),
}
