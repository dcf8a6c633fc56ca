"""What mails and notices say of money that comes in. Each function is one job's one call."""

from kacang.messages.events import Event
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.payments import queries as payments
from kacang.payments.bank_transfers import transfers
from kacang.web.mails.telling import tell_buyer, tell_staff


def tell_suspense(*, merchant_id: int, receipt_id: int) -> None:
    """Tell the staff of money that fits no order (rule 11), unless it goes back by itself (P3)."""
    if orders.second_way(merchant_id=merchant_id, receipt_id=receipt_id) is not None:
        return
    found = payments.receipt(merchant_id=merchant_id, receipt_id=receipt_id)
    context = {"amount": str(found.amount), "receipt": found.provider_number}
    tell_staff(merchant_id, Event.STAFF_SUSPENSE, str(receipt_id), context)


def tell_proof(*, merchant_id: int, proof_uid: str) -> None:
    """Tell the staff of a bank transfer that a buyer has proved (P1)."""
    found = transfers.proof(merchant_id=merchant_id, uid=proof_uid).transfer
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=found.order_id)
    context = {"order": order.number, "amount": str(found.amount), "payment": found.number}
    context["reference"] = found.reference
    tell_staff(merchant_id, Event.STAFF_TRANSFER, proof_uid, context)


def tell_rejected(*, merchant_id: int, proof_uid: str) -> None:
    """Mail the buyer that a proof was not accepted, and why."""
    found = transfers.proof(merchant_id=merchant_id, uid=proof_uid)
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=found.transfer.order_id)
    why = found.reason
    tell_buyer(
        merchant_id, Event.ORDER_PROOF_REJECTED, order, f"{order.number}/{proof_uid}", why=why
    )
