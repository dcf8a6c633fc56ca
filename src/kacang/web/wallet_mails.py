"""What customers are mailed of their wallets."""

from collections.abc import Mapping

from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Sending, Tell
from kacang.wallets import entering
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.web.design.formats import mask_contact


def send_code(*, merchant_id: int, code_uid: str) -> None:
    """Mail a customer the one-time code to their wallet; the code is put in when it is sent."""
    found = entering.code_to_send(merchant_id=merchant_id, code_uid=code_uid)
    if found is None:
        return
    address, language, _code = found
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.WALLET_CODE,
            once=code_uid,
            context={"code_uid": code_uid},
            emails=[address],
            language=language,
        ),
    )


def tell_withdrawal(*, merchant_id: int, uid: str, state: str) -> None:
    """Mail a customer what has become of a withdrawal: asked, paid, refused, returned (F3)."""
    row = withdrawals.withdrawal(merchant_id=merchant_id, uid=uid)
    if "@" not in row.owner_ref:
        return
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.WITHDRAWAL,
            once=f"{uid}/{state}",
            context={
                "state": state,
                "amount": str(row.amount),
                "to": row.to_mask,
                "ref": row.payout_ref,
                "reason": row.reason,
            },
            emails=[row.owner_ref],
            language=row.language,
        ),
    )


def of_asked(*, merchant_id: int, uid: str) -> dict[str, object]:
    """Return what the staff are told of a withdrawal that waits for them."""
    row = withdrawals.withdrawal(merchant_id=merchant_id, uid=uid)
    customer = mask_contact(row.owner_ref)
    return {"withdrawal": uid, "amount": str(row.amount), "customer": customer}


def code_of(sending: Sending) -> Mapping[str, str] | None:
    """Return the code that a mail brings; None when it is of no use any more."""
    found = entering.code_to_send(
        merchant_id=sending.merchant_id, code_uid=str(sending.context["code_uid"])
    )
    return None if found is None else {"code": found[2]}
