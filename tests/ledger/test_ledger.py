"""Rule 12, F1: transfers balance by construction, are never changed, and an outsider agrees."""

import secrets
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import realization
from django.db import DatabaseError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.ledger import operations, queries
from kacang.ledger.accounts import CHART, Account, DocumentKind, TransferKind
from kacang.ledger.beancount import WORDS, Names
from kacang.ledger.operations import Document, Move, ReversedAlready, Side, UnknownTransfer
from kacang.ledger.queries import EntryFilter
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.money import EXPONENTS, Money, UnknownCurrency

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ORDER = Document(DocumentKind.ORDER, 7)


def a_move(minor=1999, currency="CNY", debit=Account.CASH_AT_PROVIDER, **changes) -> Move:
    values = {
        "debit": Side(debit),
        "credit": Side(Account.ADVANCE_FROM_BUYER),
        "amount": Money(minor, currency),
        "kind": TransferKind.RECEIVED,
        "document": ORDER,
    }
    return Move(**{**values, **changes})


def book(merchant: int, *moves: Move, at: datetime | None = None) -> list[int]:
    with acting_as(merchant):
        return [operations.transfer(merchant_id=merchant, move=move, at=at) for move in moves]


def standing(merchant: int, at: datetime | None = None) -> dict[Account, Money]:
    found = queries.balances(merchant_id=merchant, at=at)
    return {line.account: line.amount for line in found}


class TestTransfer:
    def test_has_two_sides(self, merchant):
        book(merchant, a_move(1999))

        assert standing(merchant) == {
            Account.CASH_AT_PROVIDER: Money(1999),
            Account.ADVANCE_FROM_BUYER: Money(-1999),
        }

    def test_needs_the_transaction_of_what_it_books(self, merchant):
        with pytest.raises(AssertionError):
            operations.transfer(merchant_id=merchant, move=a_move())

        assert standing(merchant) == {}

    @pytest.mark.parametrize(
        "move", [a_move(0), a_move(-5), a_move(debit=Account.ADVANCE_FROM_BUYER)]
    )
    def test_moves_a_positive_amount_between_two(self, merchant, move):
        with pytest.raises(AssertionError):
            book(merchant, move)

        assert standing(merchant) == {}

    def test_refuses_a_currency_of_unknown_digits(self, merchant):
        with pytest.raises(UnknownCurrency):
            book(merchant, a_move(currency="XAU"))

        assert standing(merchant) == {}

    def test_is_undone_with_the_deed(self, merchant):
        def deed_that_fails():
            with acting_as(merchant):
                operations.transfer(merchant_id=merchant, move=a_move())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            deed_that_fails()

        assert standing(merchant) == {}

    @pytest.mark.parametrize("sql", ["update transfer set kind = 1", "delete from transfer"])
    def test_is_never_changed(self, merchant, sql):
        book(merchant, a_move(1999))

        with pytest.raises(DatabaseError, match="permission denied"), acting_as(merchant):
            connection.cursor().execute(sql)

        assert standing(merchant)[Account.CASH_AT_PROVIDER] == Money(1999)

    def test_belongs_to_one_merchant(self, merchant, other_merchant):
        (transfer,) = book(merchant, a_move())

        with pytest.raises(UnknownTransfer), acting_as(other_merchant):
            operations.reverse(merchant_id=other_merchant, transfer_id=transfer)

        assert standing(other_merchant) == {}
        assert queries.entries(merchant_id=other_merchant).entries == ()

    def test_cannot_reverse_another_merchants_row_by_sql(self, merchant, other_merchant):
        (transfer,) = book(merchant, a_move())

        with pytest.raises(DatabaseError, match="foreign key"), acting_as(other_merchant):
            connection.cursor().execute(
                "insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind,"
                " document_kind, document_id, reverses_id)"
                " values (%s::bigint, 1100, 2200, 1, 'CNY', 9, 1, 1, %s::bigint)",
                [other_merchant, transfer],
            )


class TestReverse:
    def test_names_what_it_undoes(self, merchant):
        (transfer,) = book(merchant, a_move(1999))

        with acting_as(merchant):
            reversal = operations.reverse(merchant_id=merchant, transfer_id=transfer)

        newest = queries.entries(merchant_id=merchant).entries[0]
        assert (newest.id, newest.reverses_id) == (reversal, transfer)
        assert newest.kind is TransferKind.REVERSAL
        assert standing(merchant) == {}

    def test_happens_once(self, merchant):
        (transfer,) = book(merchant, a_move(1999), at=NOON)
        with acting_as(merchant):
            reversal = operations.reverse(merchant_id=merchant, transfer_id=transfer)

        for again in (transfer, reversal):
            with pytest.raises(ReversedAlready), acting_as(merchant):
                operations.reverse(merchant_id=merchant, transfer_id=again)

        assert len(queries.entries(merchant_id=merchant).entries) == 2
        assert standing(merchant) == {}


class TestQueries:
    def test_balances_at_a_moment(self, merchant):
        book(merchant, a_move(100), at=NOON)
        book(merchant, a_move(50), at=NOON + timedelta(hours=1))

        just_after = standing(merchant, NOON + timedelta(minutes=1))
        assert just_after[Account.CASH_AT_PROVIDER].minor == 100
        assert standing(merchant, NOON) == {}
        assert standing(merchant)[Account.CASH_AT_PROVIDER].minor == 150

    def test_owners_have_parts_of_an_account(self, merchant):
        book(
            merchant,
            a_move(100, credit=Side(Account.WALLET, 5)),
            a_move(30, credit=Side(Account.WALLET, 6)),
        )

        wallets = [
            (line.owner, line.amount.minor)
            for line in queries.balances(merchant_id=merchant)
            if line.account is Account.WALLET
        ]
        assert wallets == [(5, -100), (6, -30)]

    def test_entries_are_paged(self, merchant):
        ids = book(merchant, *(a_move(minor) for minor in range(1, 8)))

        first = queries.entries(merchant_id=merchant, limit=3)
        second = queries.entries(merchant_id=merchant, limit=3, before_id=first.next_before)
        third = queries.entries(merchant_id=merchant, limit=3, before_id=second.next_before)

        pages = [[entry.id for entry in page.entries] for page in (first, second, third)]
        assert pages == [ids[:-4:-1], ids[-4:-7:-1], ids[:1]]
        assert third.next_before is None

    def test_entries_of_an_account_of_a_document(self, merchant):
        (mine,) = book(merchant, a_move(7, document=Document(DocumentKind.RECEIPT, 3)))
        book(merchant, a_move(8))

        by_document = EntryFilter(document=(DocumentKind.RECEIPT, [3]))
        by_account = EntryFilter(account=Account.REVENUE)
        by_owner = EntryFilter(account=Account.CASH_AT_PROVIDER, owner=0, since=NOON)
        assert [
            e.id for e in queries.entries(merchant_id=merchant, wanted=by_document).entries
        ] == [mine]
        assert queries.entries(merchant_id=merchant, wanted=by_account).entries == ()
        assert len(queries.entries(merchant_id=merchant, wanted=by_owner).entries) == 2


moves = st.builds(
    lambda sides, minor, currency, document: Move(
        debit=Side(*sides[0]),
        credit=Side(*sides[1]),
        amount=Money(minor, currency),
        kind=TransferKind.RECEIVED,
        document=Document(document[0], document[1]),
    ),
    sides=st.lists(
        st.tuples(st.sampled_from(Account), st.sampled_from([0, 1, 77])),
        min_size=2, max_size=2, unique=True,
    ),
    minor=st.integers(1, 10**15),
    currency=st.sampled_from(sorted(EXPONENTS)),
    document=st.tuples(st.sampled_from(DocumentKind), st.integers(1, 99)),
)  # fmt: skip
when = st.integers(0, 365 * 24 * 3600).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


class TestWords:
    def test_every_account_and_kind_has_a_name(self):
        assert set(CHART) == set(Account)
        assert set(WORDS) == set(TransferKind)
        assert len({line.beancount for line in CHART.values()}) == len(CHART)


class TestExport:
    @settings(
        max_examples=12, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.lists(st.tuples(moves, when), max_size=25), st.none() | when)
    def test_is_accepted_by_an_outside_checker_and_agrees(self, tmp_path, booked, since):
        merchant = a_merchant()
        for move, at in booked:
            book(merchant, move, at=at)

        file = tmp_path / "books.beancount"
        file.write_text(
            "".join(queries.export(merchant_id=merchant, since=since, names=SPLIT)), "utf-8"
        )

        checked = subprocess.run(
            [Path(sys.executable).with_name("bean-check"), file],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert (checked.returncode, checked.stderr) == (0, "")
        assert sums_of(file) == {
            (f"{CHART[line.account].beancount}{f':O{line.owner}' if line.owner else ''}",
             line.amount.currency): line.amount.plain
            for line in queries.balances(merchant_id=merchant)
        }  # fmt: skip

    def test_speaks_the_merchants_day_and_words(self, merchant):
        late = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # already the 24th in Shanghai
        book(merchant, a_move(1999), at=late)

        text = "".join(
            queries.export(
                merchant_id=merchant,
                names=Names(lambda _kind, _ids: {7: "20261124ABC"}, lambda *_: ""),
            )
        )

        assert 'option "title" "小鹿数卡旗舰店"' in text
        assert '2026-11-24 * "收到货款" ^t' in text
        assert '  document: "order 20261124ABC"\n' in text
        assert "  Assets:Provider  19.99 CNY\n  Liabilities:Advances  -19.99 CNY\n" in text

    def test_of_six_digits(self, merchant):
        book(merchant, a_move(1, currency="USDT"))

        text = "".join(queries.export(merchant_id=merchant, language="en"))

        assert "  Assets:Provider  0.000001 USDT\n" in text
        assert "Payment received" in text

    def test_comes_in_chunks(self, merchant, monkeypatch):
        monkeypatch.setattr(queries, "CHUNK", 2)
        book(merchant, *(a_move(minor) for minor in range(1, 6)))

        text = "".join(queries.export(merchant_id=merchant))

        assert text.count("Assets:Provider  0.0") == 5
        assert not connection.in_atomic_block

    def test_until_leaves_out_what_is_later(self, merchant):
        book(merchant, a_move(100), at=NOON)
        book(merchant, a_move(200), at=NOON + timedelta(days=1))

        text = "".join(queries.export(merchant_id=merchant, until=NOON + timedelta(hours=1)))

        assert "1.00 CNY" in text
        assert "2.00 CNY" not in text


SPLIT = Names(lambda _kind, _ids: {}, lambda _account, owner: f"O{owner}")


def a_merchant() -> int:
    return open_merchant(
        slug=f"b-{secrets.token_hex(6)}", name='豆豆 "卡" 店\n第二行', kind=MerchantKind.DEMO
    )


def sums_of(file: Path) -> dict[tuple[str, str], str]:
    entries, errors, _ = loader.load_file(str(file))
    assert errors == []
    found = defaultdict(str)
    for account in realization.iter_children(realization.realize(entries)):
        for position in account.balance:
            amount = position.units
            if amount.number and account.account != "Equity:BroughtForward":
                digits = EXPONENTS[amount.currency]
                found[account.account, amount.currency] = f"{amount.number:.{digits}f}"
    return dict(found)
