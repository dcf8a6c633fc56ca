"""What a bulk change leaves behind: a result per card for people, and what undoing it needs.

Both are sealed in parts, one of each per chunk, in the transaction that changed the cards.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext, gettext_noop, override

from kacang.merchants.keys import cipher_for
from kacang.outbox import files
from kacang.vault.card_ids import seal_card_id
from kacang.vault.changing.planning import condition_stored, stored_condition
from kacang.vault.changing.steps import Condition, Step
from kacang.vault.models import CardState

LIFETIME = timedelta(days=7)
_LOOK = """
select id, state, coalesce(number, number_mask, '') from card
where merchant_id = %s::bigint and id = any(%s::bigint[]) order by id
"""
STATE_TEXTS = {
    CardState.AVAILABLE: gettext_noop("Available"),
    CardState.RESERVED: gettext_noop("Reserved"),
    CardState.SOLD: gettext_noop("Sold"),
    CardState.ACTIVATED: gettext_noop("Activated"),
    CardState.REDEEMED: gettext_noop("Redeemed"),
    CardState.EXPIRED: gettext_noop("Expired"),
    CardState.VOID: gettext_noop("Void"),
    CardState.FAULTY: gettext_noop("Faulty"),
    CardState.FROZEN: gettext_noop("Frozen"),
}


def store_lines(merchant_id: int, ids: Sequence[int], changed: Collection[int], to: str) -> str:
    """Seal one line per card: its name, its number as it may be shown, what became of it.

    `to` is the language. Must run inside the transaction that changed them.
    """
    with override(to):
        yes, no = gettext("Changed"), gettext("Stays as it is")
    outcomes = {card_id: (yes if card_id in changed else no,) for card_id in ids}
    return store_outcomes(merchant_id=merchant_id, outcomes=outcomes, language=to)


def store_outcomes(
    *, merchant_id: int, outcomes: Mapping[int, Sequence[str]], language: str
) -> str:
    """Seal one line per card: as `store_lines`, but what became of each is said by the caller.

    What follows the first text stands in columns of its own, behind the state. None may be what a
    spreadsheet takes for a formula.
    """
    cipher = cipher_for(merchant_id)
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [merchant_id, list(outcomes)])
        rows = cursor.fetchall()
    body = io.StringIO()
    writer = csv.writer(body)
    with override(language):
        words = {state: gettext(text) for state, text in STATE_TEXTS.items()}
    for card_id, state, number in rows:
        outcome, *more = outcomes[card_id]
        uid = seal_card_id(cipher, card_id)
        writer.writerow([uid, _harmless(number), outcome, words[CardState(state)], *more])
    return _store(merchant_id, "part.csv", body.getvalue().encode())


def store_undo(merchant_id: int, steps: Sequence[Step]) -> str:
    """Seal what each changed card was and is."""
    lines = [
        [card.id, condition_stored(card.now), condition_stored(to)] for card, to in steps
    ]  # fmt: skip
    return _store(merchant_id, "part.json", json.dumps(lines, separators=(",", ":")).encode())


def read_undo(merchant_id: int, uid: str) -> Mapping[int, tuple[Condition, Condition]]:
    """Return what cards of a part were and became, by their ids.

    Raises:
        UnknownFile: Its time is over.
    """
    lines: list[Any] = json.loads(files.read(merchant_id=merchant_id, uid=uid))
    return {
        card_id: (stored_condition(before), stored_condition(after))
        for card_id, before, after in lines
    }


def store_whole(merchant_id: int, parts: Sequence[str], to: str, more: Sequence[str] = ()) -> str:
    """Seal the parts as one file, without ever holding it as a whole; return its uid.

    `more` are the headings of the columns behind the state, to be translated.
    """

    def content() -> Iterator[bytes]:
        with override(to):
            heads = [gettext("Card"), gettext("Card number"), gettext("Result"), gettext("State")]
            heads += [gettext(text) for text in more]
        yield ("\ufeff" + ",".join(heads) + "\r\n").encode()
        for part in parts:
            yield from files.stream(merchant_id=merchant_id, uid=part)

    with override(to):
        name = gettext("Result per card") + ".csv"
    uid = _store(merchant_id, name, content())
    for part in parts:
        files.delete(merchant_id=merchant_id, uid=part)
    return uid


def _store(merchant_id: int, name: str, content: bytes | Iterator[bytes]) -> str:
    return files.store(
        merchant_id=merchant_id, purpose="report", name=name, content=content, lifetime=LIFETIME
    )


def _harmless(text: str) -> str:
    """A number that a spreadsheet would take for a formula becomes a text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
