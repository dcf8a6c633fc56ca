"""Bank transfers of orders: what the buyer proves, and what the staff has seen (P1, L5)."""

from datetime import timedelta

from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.buying.rules import rules_of
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.money.patience import wait_longer
from kacang.orders.money.settling import settle_notices
from kacang.payments.bank_transfers import proofs
from kacang.payments.bank_transfers.transfers import ProofFile
from kacang.payments.queries import NoticeOutcome
from kacang.shared.money import Money


def hand_in_proof(*, merchant_id: int, number: str, body: bytes) -> str:
    """Keep what a buyer shows for a bank transfer, and return its uid.

    The order and its cards wait for somebody to confirm it, as long as the merchant has chosen.

    Raises:
        BadProof: The file is no picture and no plain PDF of at most 5 MB.
        UnknownOrder: There is no such order.
        NotPayable: It is paid, cancelled, or its time has passed.
        UnknownTransfer: It is not being paid by bank transfer.
        TooManyProofs: Five were handed in.
    """
    file = proofs.picture_or_pdf(body)
    return _keep(merchant_id, number, file)


@retry_conflicts
def _keep(merchant_id: int, number: str, file: ProofFile) -> str:
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        patience = timedelta(hours=rules_of(merchant_id).proof_hours)
        wait_longer(merchant_id, order, patience, since_now=True)
        return proofs.keep(merchant_id=merchant_id, order_id=order.pk, file=file)


def confirm_transfer(
    *,
    merchant_id: int,
    payment_number: str,
    bank_number: str,
    amount: Money,
    actor: Actor,
    is_sure: bool = False,
) -> NoticeOutcome:
    """Say that a bank transfer's money is there; the order is settled like any other (L5).

    Safe to repeat: the same money confirmed again changes nothing. Must not be called inside a
    transaction.

    Raises:
        UnknownTransfer: The merchant has no such payment by bank transfer.
        BadBankNumber: The bank's number is not of the form that one has.
        AmountDiffers, PaidAlready: It is not what was asked for, or a second one, and
            `is_sure` is false. Nothing was written down.
    """
    said = proofs.confirm(
        merchant_id=merchant_id,
        number=payment_number,
        bank_number=bank_number,
        amount=amount,
        is_sure=is_sure,
        actor=actor,
    )
    (outcome,) = settle_notices(account=said.account, notices=[said.notice])
    proofs.accept(merchant_id=merchant_id, number=payment_number, actor=actor)
    return outcome
