"""What customers are mailed of their wallets."""

from collections.abc import Mapping

from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Sending, Tell
from kacang.wallets import entering


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


def code_of(sending: Sending) -> Mapping[str, str] | None:
    """Return the code that a mail brings; None when it is of no use any more."""
    found = entering.code_to_send(
        merchant_id=sending.merchant_id, code_uid=str(sending.context["code_uid"])
    )
    return None if found is None else {"code": found[2]}
