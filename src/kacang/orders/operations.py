"""What others may do to orders. Each is one use case and one transaction."""

from kacang.orders.access import check_access, code_to_send, new_access_token, request_code
from kacang.orders.buying.cancelling import cancel_order, expire_due
from kacang.orders.buying.meeting import (
    place_order,
    place_order_once,
    place_orders,
    promise_order,
)
from kacang.orders.buying.repeating import KeyTaken, Repeat
from kacang.orders.buying.screening import screen
from kacang.orders.cards.gift_cards import add_gift_card
from kacang.orders.cards.redeeming import Redeemed, RedeemRequest, Try, check_code, redeem, trying
from kacang.orders.cards.replacing import Replaced, replace_card
from kacang.orders.cards.replacing_many import (
    ReplaceWeight,
    SkuNeed,
    replace_cards,
    run_replace,
    weigh_replacing,
)
from kacang.orders.cards.revealing import deliveries, secret_form
from kacang.orders.changing import (
    add_note,
    assign_order,
    change_price,
    move_to_store,
    resend,
    withdraw_note,
)
from kacang.orders.checking import check_references
from kacang.orders.deposits.placing import DepositWish, place_deposit
from kacang.orders.fulfilling.delivering import continue_waiting, replenish
from kacang.orders.fulfilling.handing import hand_over
from kacang.orders.fulfilling.handing_again import hand_over_again
from kacang.orders.money.from_wallets import pay_for_owner, pay_from_wallet
from kacang.orders.money.paying import Payer, ask_about, settle_waiting, start_payment
from kacang.orders.money.settling import promise_settlement, settle_notice, settle_notices
from kacang.orders.money.transferring import confirm_transfer, hand_in_proof
from kacang.orders.moving.jobs import SYSTEMS, UnknownSystem, check_move, run_move, start_move
from kacang.orders.moving.looking import run_move_check
from kacang.orders.refunding.asking import request_refund, request_suspense_refund
from kacang.orders.refunding.deciding import (
    approve_refund,
    drop_refund,
    finish_by_hand,
    reject_refund,
    retry_refund,
)
from kacang.orders.refunding.hearing import (
    pursue_refund,
    settle_refund_notice,
    settle_waiting_refunds,
)
from kacang.orders.refunding.late import refund_late
from kacang.orders.refunding.second import refund_second, second_way

__all__ = [
    "SYSTEMS", "DepositWish", "KeyTaken", "Payer", "RedeemRequest", "Redeemed", "Repeat",
    "ReplaceWeight", "Replaced", "SkuNeed", "Try", "UnknownSystem", "add_gift_card", "add_note",
    "approve_refund", "ask_about", "assign_order", "cancel_order", "change_price", "check_access",
    "check_code", "check_move", "check_references", "code_to_send", "confirm_transfer",
    "continue_waiting", "deliveries", "drop_refund", "expire_due", "finish_by_hand",
    "hand_in_proof", "hand_over", "hand_over_again", "move_to_store", "new_access_token",
    "pay_for_owner",
    "pay_from_wallet", "place_deposit", "place_order", "place_order_once", "place_orders",
    "promise_order", "promise_settlement", "pursue_refund", "redeem", "refund_late",
    "refund_second",
    "reject_refund", "replace_card", "replace_cards", "replenish", "request_code", "request_refund",
    "request_suspense_refund", "resend", "retry_refund", "run_move", "run_move_check",
    "run_replace", "screen", "second_way", "secret_form", "settle_notice", "settle_notices",
    "settle_refund_notice", "settle_waiting", "settle_waiting_refunds", "start_move",
    "start_payment", "trying", "weigh_replacing", "withdraw_note",
]  # fmt: skip
