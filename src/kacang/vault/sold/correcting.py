"""A corrected code of a card that its supplier delivered wrong (X1).

The seal and the fingerprint bind a code to its card, so a code is never changed in place: the
corrected one is a card of its own, linked to the wrong one by the unit that both have had. The
wrong one stays as it is, with its code and its place in its batch: nobody can import that code
again, and what the supplier owes can be shown. The corrected one has what the wrong one had cost
and came in for nothing, so the books do not move.
"""

from dataclasses import dataclass, field

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.shared.errors import Conflict, Invalid
from kacang.vault.card_ids import open_card_id
from kacang.vault.codes import open_number
from kacang.vault.imports.arriving import problem_of
from kacang.vault.imports.intake import Arrival, Purchase, close_batch, lock_loads, open_batch
from kacang.vault.imports.loading import known_cards, load_cards, prints_of
from kacang.vault.models import Card
from kacang.vault.reading.lines import Entry

SOURCE = "correction"


class BadCode(Invalid):
    """A corrected code is empty, too long, or has characters that no code has."""

    code = "vault.bad_code"


class CodeKnown(Conflict):
    """The vault has this code already; it may be the wrong one itself."""

    code = "vault.code_known"


class CannotCorrect(Conflict):
    """Files, shared cards and codes that the shop itself redeems are not corrected by typing."""

    code = "vault.cannot_correct"


@dataclass(frozen=True, slots=True)
class Correction:
    """What a card should have been. `number`: None, where that was right."""

    card_uid: str
    secret: str = field(repr=False)
    number: str | None = field(default=None, repr=False)


def load_correction(*, merchant_id: int, correction: Correction, actor: Actor) -> int:
    """Bring in the corrected card, free until the caller gives it away; return its id.

    Must run inside the caller's transaction, which gives it to the unit before it ends: nobody
    else ever finds it free. It keeps expiry, remark and cost of the wrong one.

    Raises:
        UnknownCard: The name was made up.
        CannotCorrect: It is a file, or serves every buyer.
        BadCode: This cannot be a code.
        CodeKnown: Some card of the merchant has this code, or had it.
    """
    assert connection.in_atomic_block
    lock_loads(merchant_id)
    cipher = cipher_for(merchant_id)
    card_id = open_card_id(cipher, correction.card_uid)
    wrong = Card.objects.select_related("batch").get(merchant_id=merchant_id, id=card_id)
    if wrong.content_type is not None or wrong.is_loop:
        raise CannotCorrect
    number = correction.number
    if number is None:
        number = wrong.number
        if wrong.number_sealed is not None:
            number = open_number(cipher, bytes(wrong.number_sealed), bytes(wrong.fingerprint))
    entry = Entry(1, number, correction.secret, wrong.expires_at, wrong.remark)
    if problem_of(entry):
        raise BadCode
    prints = prints_of(cipher, [entry])
    if known_cards(merchant_id, prints):
        raise CodeKnown
    former = wrong.batch
    sku = catalog.skus_by_id(merchant_id=merchant_id, ids={wrong.sku_id})[wrong.sku_id]
    batch = open_batch(
        merchant=merchants.merchant(merchant_id=merchant_id),
        sku=sku,
        purchase=Purchase(
            supplier=former.supplier,
            purchase_number=former.purchase_number,
            unit_cost_minor=0,
            note=former.number,
            facts=tuple((label, text) for label, text in former.facts),
        ),
        arrival=Arrival(SOURCE, None, actor.label[:120]),
    )
    if load_cards(batch, sku, [entry], prints):
        raise CodeKnown
    close_batch(merchant_id, batch.pk)
    made = Card.objects.filter(merchant_id=merchant_id, fingerprint=prints[0])
    cost = former.unit_cost_minor if wrong.cost_minor is None else wrong.cost_minor
    made.update(cost_minor=cost)
    found: int = made.values_list("id", flat=True).get()
    return found
