"""What customers are mailed of their wallets."""

from collections.abc import Mapping

from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Sending, Tell
from kacang.messages.senders.queries import can_text
from kacang.wallets import entering
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.web.design.formats import mask_contact
from kacang.web.mails.telling import tell_staff


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
    is_address = "@" in row.owner_ref
    is_number = row.owner_ref.startswith("+") and can_text(merchant_id)
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
            emails=[row.owner_ref] if is_address else [],
            phones=[row.owner_ref] if is_number else [],
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


def tell_withdrawal_asked(*, merchant_id: int, uid: str) -> None:
    """Tell the staff that somebody has to approve a withdrawal (F3)."""
    context = of_asked(merchant_id=merchant_id, uid=uid)
    tell_staff(merchant_id, Event.STAFF_WITHDRAWAL, uid, context)
