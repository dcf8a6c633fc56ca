"""Looking at secrets: the trace is committed first, then the secret is read (V4, rule 22)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import CannotOpen, MerchantCipher
from kacang.vault.card_ids import UnknownCard, open_card_id, seal_card_id
from kacang.vault.changing.ending import TooManyCards, check_reason
from kacang.vault.codes import CardFile, SealedFile, open_number, open_secret
from kacang.vault.models import Card, CardState
from kacang.vault.sold.giving_back import note_shown

REVEAL_MAX = 200


@dataclass(frozen=True, slots=True)
class Revealed:
    """A card in the open. Never log it.

    `is_gone`: its batch was undone and the code erased. `secret` is empty where it is a `file`.
    """

    uid: str
    number: str
    secret: str
    state: CardState
    expires_at: datetime | None
    remark: str
    is_gone: bool
    file: CardFile | None = None


def reveal(
    *, merchant_id: int, card_uids: Sequence[str], actor: Actor, reason: str
) -> list[Revealed]:
    """Open cards for a person. Who looks at which card and why is committed before that.

    Must not run inside a transaction: a trace that could be rolled back is none.

    Raises:
        UnknownCard: One of them is not there. Nothing was opened, nothing noted.
        ReasonMissing: There is no reason.
        TooManyCards: More than 200 at once.
    """
    assert not connection.in_atomic_block, "the trace must be committed before the secret is read"
    reason = check_reason(reason)
    uids = list(dict.fromkeys(card_uids))
    if len(uids) > REVEAL_MAX:
        raise TooManyCards(limit=REVEAL_MAX)
    cipher = cipher_for(merchant_id)
    ids = [open_card_id(cipher, uid) for uid in uids]
    with acting_as(merchant_id):
        known = Card.objects.filter(merchant_id=merchant_id, id__in=ids).count()
        if known < len(ids):
            raise UnknownCard
        for uid in uids:
            audit.record(
                merchant_id=merchant_id,
                actor=actor,
                action="cards.reveal",
                object_kind="card",
                object_uid=uid,
                reason=reason,
            )
        note_shown(merchant_id=merchant_id, card_ids=ids)
    return open_cards(merchant_id=merchant_id, card_ids=ids)


def open_cards(*, merchant_id: int, card_ids: Iterable[int]) -> list[Revealed]:
    """Open cards by id, in the order given. Whoever calls has written and committed the trace.

    Raises:
        UnknownCard: One of them is not there.
        CannotOpen: A secret was changed, or the key is another one.
    """
    ids = list(card_ids)
    with acting_as(merchant_id):
        rows = {row.pk: row for row in Card.objects.filter(merchant_id=merchant_id, id__in=ids)}
    if len(rows) < len(set(ids)):
        raise UnknownCard
    cipher = cipher_for(merchant_id)
    return [opened(cipher, rows[card_id]) for card_id in ids]


def opened(cipher: MerchantCipher, row: Card) -> Revealed:
    """Open one card. Whoever calls has written and committed the trace.

    Raises:
        CannotOpen: The secret was changed, or the key is another one.
    """
    fingerprint = bytes(row.fingerprint)
    is_gone = row.state == CardState.VOID and not bytes(row.secret)
    number = row.number or ""
    if row.number_sealed is not None:
        number = open_number(cipher, bytes(row.number_sealed), fingerprint)
    if not is_gone and not bytes(row.secret):
        raise CannotOpen
    file = None
    if row.content_type is not None and row.file_name is not None:
        sealed = SealedFile(row.content_type, bytes(row.file_name), bytes(row.secret))
        file = sealed.opened(cipher, fingerprint)
    return Revealed(
        uid=seal_card_id(cipher, row.pk),
        number=number,
        secret="" if is_gone or file else open_secret(cipher, bytes(row.secret), fingerprint),
        state=CardState(row.state),
        expires_at=row.expires_at,
        remark=row.remark,
        is_gone=is_gone,
        file=file,
    )
