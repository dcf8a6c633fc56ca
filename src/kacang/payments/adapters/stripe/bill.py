"""Stripe's balance movements of a day (UTC) as lines of JSON, between a first and a last line.

Stripe has no file of a day: what is fetched page by page is written down as it came. The first
line says whose and of which day, the last how many there are.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, BinaryIO, NoReturn

import stripe

from kacang.payments.adapters.stripe.notices import PAYMENT, REFUND, money, own
from kacang.payments.ports import AccountInfo, BadNotice, BillRow, RowKind
from kacang.shared.money import EXPONENTS, Money

HEAD = "kacang_bill"
PAGE_ROWS = 100
PAGES_MAX = 20_000
LINE_MAX = 256 * 1024
PAYMENTS = frozenset({"charge", "payment"})
REFUNDS = frozenset({"refund", "payment_refund"})


def fetch(client: stripe.StripeClient, account: AccountInfo, day: date, into: BinaryIO) -> None:
    """Write a day's movements, oldest page last as Stripe gives them."""
    start = datetime.combine(day, time(), UTC)
    span = {"gte": int(start.timestamp()), "lt": int((start + timedelta(days=1)).timestamp())}
    _write(into, {HEAD: "stripe", "account": account.uid, "day": day.isoformat()})
    rows, after = 0, ""
    for _ in range(PAGES_MAX):
        asked: dict[str, Any] = {"created": span, "limit": PAGE_ROWS, "expand": ["data.source"]}
        page = client.v1.balance_transactions.list(
            {**asked, "starting_after": after} if after else asked  # type: ignore[arg-type] # open
        )
        for row in page.data:
            _write(into, row.to_dict(for_json=True))
            rows, after = rows + 1, row.id
        if not page.has_more:
            break
    _write(into, {"rows": rows})


def read(account: AccountInfo, bill: BinaryIO) -> Iterator[BillRow]:
    """Yield the rows about payments and refunds.

    Payouts and Stripe's own fees are no movements between a buyer and the shop. A refund that
    failed says so itself; that its money is back is another movement, and left out.

    Raises:
        BadNotice: It is not such a file, another account's, or cut off.
    """
    head = _line(bill, 1)
    if head is None or head.get(HEAD) != "stripe" or head.get("account") != account.uid:
        _bad("account", 1)
    number = 1
    while (said := _line(bill, number + 1)) is not None:
        number += 1
        if "rows" in said:
            if said["rows"] != number - 2:
                _bad("rows", number)
            return
        row = _row(said, number)
        if row is not None:
            yield row
    _bad("end", number)


def _row(said: Mapping[str, Any], number: int) -> BillRow | None:
    kind = said.get("type")
    if kind not in PAYMENTS | REFUNDS:
        return None
    source = said.get("source")
    if not isinstance(source, dict):
        _bad("source", number)
    is_payment = kind in PAYMENTS
    # What the buyer paid; the movement itself is in the currency that Stripe pays out.
    amount = money(source, "amount")
    intent = source.get("payment_intent")
    own_name = intent if is_payment and isinstance(intent, str) else source.get("id")
    created = said.get("created")
    if not isinstance(own_name, str) or type(created) is not int:
        _bad("source", number)
    return BillRow(
        kind=RowKind.PAYMENT if is_payment else RowKind.REFUND,
        payment_number=own(source, PAYMENT),
        refund_number="" if is_payment else own(source, REFUND),
        provider_number=own_name,
        amount=amount,
        fee=_fee(said, amount.currency),
        at=datetime.fromtimestamp(created, UTC),
        is_done=is_payment or source.get("status") not in {"failed", "canceled"},
        line=number,
    )


def _fee(said: Mapping[str, Any], currency: str) -> Money | None:
    """Return the fee where it is in the payment's own currency."""
    minor, booked_in = said.get("fee"), str(said.get("currency")).upper()
    if type(minor) is not int or booked_in != currency or booked_in not in EXPONENTS:
        return None
    return Money(minor, booked_in)


def _write(into: BinaryIO, said: Mapping[str, Any]) -> None:
    into.write(json.dumps(said, separators=(",", ":")).encode() + b"\n")


def _line(bill: BinaryIO, number: int) -> dict[str, Any] | None:
    line = bill.readline(LINE_MAX)
    if not line:
        return None
    try:
        said = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise BadNotice(field="line", line=number) from None
    return said if isinstance(said, dict) and line.endswith(b"\n") else _bad("line", number)


def _bad(field: str, line: int) -> NoReturn:
    raise BadNotice(field=field, line=line)
