"""F4: statements at the desk."""

import io
from datetime import timedelta

import pytest
from python_calamine import load_workbook

from kacang.payouts import operations, queries
from kacang.shared.money import Money
from tests.payouts.test_statements import MONDAY, OPERATOR, after, agree, issue, sell

LIST = "/console/settlements/"


@pytest.fixture
def made(merchant):
    agree(merchant)
    for number in range(55):
        sell(merchant, 10_000, order=number + 1)
    issue(merchant, after(1))
    (found,) = queries.statements(merchant_id=merchant)
    return found


def page(client, address=LIST):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


class TestSettlements:
    def test_say_when_nobody_has_a_share(self, owner):
        assert "Nobody has a share in your sales." in page(owner)

    def test_list_what_is_left_to_pay(self, owner, made):
        shown = page(owner)

        assert "1.5 %" in shown
        assert f"{LIST}{made.uid}/" in shown
        assert "88.00" in shown

    def test_a_statement_pages_through_what_it_counts(self, owner, merchant, made):
        operations.record_payout(
            merchant_id=merchant,
            statement_uid=made.uid,
            amount=Money(1_00),
            reference="ICBC-20261124-7",
            actor=OPERATOR,
        )
        lines = queries.lines(merchant_id=merchant, statement_id=made.id, limit=50)

        first = page(owner, f"{LIST}{made.uid}/")
        second = page(owner, f"{LIST}{made.uid}/?cursor={lines[-1].transfer_id}")

        assert "ICBC-20261124-7" in first
        assert f"cursor={lines[-1].transfer_id}" in first
        assert (first.count('class="lead"'), second.count('class="lead"')) == (50, 5)
        for nonsense in ("-1", "x", "9" * 40):
            assert owner.get(f"{LIST}{made.uid}/?cursor={nonsense}").status_code == 200

    def test_is_downloaded_whole(self, owner, made):
        answer = owner.get(f"{LIST}{made.uid}/?format=xlsx")

        rows = load_workbook(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        assert len(rows) == 56
        assert sum(float(str(row[3])) for row in rows[1:]) == pytest.approx(88.0)

    def test_is_seen_by_who_may_see_the_books(self, work, made):
        assert work("finance").get(LIST).status_code == 200
        for role in ("clerk", "customer_service", "stock_keeper"):
            assert work(role).get(LIST).status_code == 403
            assert work(role).get(f"{LIST}{made.uid}/").status_code == 403

    def test_I2_another_merchants_is_not_found(self, owner, other_merchant):
        agree(other_merchant)
        sell(other_merchant, 1_000)
        issue(other_merchant, after(1) + timedelta(days=1))
        (theirs,) = queries.statements(merchant_id=other_merchant)
        assert theirs.starts_on == MONDAY

        assert owner.get(f"{LIST}{theirs.uid}/").status_code == 404
