"""P5: accounts that fail are turned away from by themselves, tried again, and taken back."""

from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kacang.merchants.tenancy import acting_as
from kacang.payments import operations, queries
from kacang.payments.account_models import HEALTH_STEPS, AccountEventKind, CallKind, Health
from kacang.payments.accounts import health
from kacang.payments.accounts.details import account_details
from kacang.payments.accounts.health import Figures, judge
from kacang.payments.companies import registry
from kacang.payments.companies.calls import recorded
from kacang.payments.models import Account
from kacang.payments.ports import ProviderSilent
from kacang.shared.clock import utc_now
from tests import make

counts = st.integers(0, 60)
NEW = timedelta()


class TestJudge:
    @given(st.sampled_from(Health), counts, counts, counts, counts, st.integers(0, 60))
    def test_takes_only_steps_that_there_are(self, now, calls, failed, opened, paid, minutes):
        figures = Figures(calls, min(failed, calls), opened=opened, paid=min(paid, opened))

        wanted = judge(now, figures, timedelta(minutes=minutes), 5)

        assert wanted is now or wanted in HEALTH_STEPS[now]

    @pytest.mark.parametrize(
        ("figures", "wanted"),
        [
            (Figures(), Health.GOOD),
            (Figures(calls=4, failed=4), Health.GOOD),
            (Figures(calls=5, failed=2), Health.GOOD),
            (Figures(calls=6, failed=3), Health.PAUSED),
            (Figures(calls=5, failed=5), Health.PAUSED),
            (Figures(opened=19, paid=0), Health.GOOD),
            (Figures(opened=20, paid=0), Health.PAUSED),
            (Figures(opened=20, paid=1), Health.GOOD),
            (Figures(opened=41, paid=2), Health.PAUSED),
        ],
    )
    def test_P5_one_that_did_well(self, figures, wanted):
        assert judge(Health.GOOD, figures, NEW, 5) is wanted

    @pytest.mark.parametrize(
        ("figures", "minutes", "wanted"),
        [
            (Figures(), 0, Health.TRYING),
            (Figures(), 15, Health.GOOD),
            (Figures(calls=3), 1, Health.GOOD),
            (Figures(calls=3, failed=1), 1, Health.TRYING),
            (Figures(calls=3, failed=2), 1, Health.PAUSED),
            (Figures(calls=9, opened=3, paid=0), 1, Health.TRYING),
            (Figures(opened=3, paid=2), 1, Health.GOOD),
            (Figures(calls=1, failed=1), 20, Health.TRYING),
        ],
    )
    def test_P5_one_that_is_tried(self, figures, minutes, wanted):
        assert judge(Health.TRYING, figures, timedelta(minutes=minutes), 5) is wanted

    def test_P5_pauses_grow_up_to_half_an_hour(self):
        minutes = [health._pause(n).total_seconds() / 60 for n in (1, 2, 3, 4, 5, 50)]

        assert minutes == [2, 4, 8, 16, 30, 30]


@pytest.fixture(autouse=True)
def company(sandbox, monkeypatch):
    monkeypatch.setattr(registry, "providers", lambda: {"sandbox": sandbox})


def fail(account, times: int = 6) -> None:
    for _ in range(times):
        with pytest.raises(ProviderSilent), recorded(account, CallKind.CREATE):
            raise ProviderSilent(why="timeout")


def state_of(merchant: int, account) -> Health:
    with acting_as(merchant):
        return Health(Account.objects.get(merchant_id=merchant, pk=account.id).health)


def wind(merchant: int, **columns: str) -> None:
    sets = ", ".join(f"{name} = {name} - %s::interval" for name in columns)
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(f"update account set {sets}", list(columns.values()))


def look(merchant: int) -> int:
    return operations.look_after(merchant_id=merchant)


class TestLookAfter:
    def test_P5_calls_that_fail_turn_sales_to_the_other_account(self, merchant, account):
        queries.forget_accounts()
        other = make.account(merchant)
        made = make.sku(merchant, cards=9)
        fail(account)

        assert look(merchant) == 1

        assert state_of(merchant, account) is Health.PAUSED
        for _ in range(5):
            make.order(made)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select distinct account_id from payment")
            assert cursor.fetchall() == [(other.id,)]
        assert look(merchant) == 0

    def test_P5_the_only_account_is_still_offered(self, merchant, account):
        fail(account)
        look(merchant)

        assert state_of(merchant, account) is Health.PAUSED
        assert len(queries.offered(merchant_id=merchant)) == 1
        assert make.order(make.sku(merchant)).payment

    def test_P5_it_comes_back_by_a_probe_and_by_doing_well(self, merchant, account, cashier):
        fail(account)
        look(merchant)
        assert look(merchant) == 0
        assert cashier.questions == []
        wind(merchant, try_at="3 minutes")

        assert look(merchant) == 1
        assert (state_of(merchant, account), len(cashier.questions)) == (Health.TRYING, 1)
        for _ in range(3):
            with recorded(account, CallKind.CREATE):
                pass
        assert look(merchant) == 1

        assert state_of(merchant, account) is Health.GOOD
        history = account_details(merchant_id=merchant, uid=account.uid).history
        kinds = [entry.kind for entry in reversed(history)]
        assert kinds == [AccountEventKind.PAUSED, AccountEventKind.TRIED, AccountEventKind.WELL]
        assert history[-1].detail["failed"] == 6

    def test_P5_a_probe_that_fails_makes_the_pause_longer(self, merchant, account, cashier):
        fail(account)
        look(merchant)
        cashier.is_silent = True
        wind(merchant, try_at="3 minutes")

        assert look(merchant) == 0

        assert state_of(merchant, account) is Health.PAUSED
        with acting_as(merchant):
            row = Account.objects.get(merchant_id=merchant, pk=account.id)
        assert row.pauses == 2
        assert row.try_at
        assert timedelta(minutes=3) < row.try_at - utc_now() <= timedelta(minutes=4)

    def test_P5_what_failed_before_does_not_count_against_one_that_is_tried(
        self, merchant, account
    ):
        fail(account)
        look(merchant)
        wind(merchant, try_at="3 minutes")
        look(merchant)

        assert look(merchant) == 0
        fail(account, 2)
        assert look(merchant) == 1
        assert state_of(merchant, account) is Health.PAUSED

    def test_P5_payments_that_nobody_makes(self, merchant, account):
        made = make.sku(merchant, cards=25)
        for _ in range(20):
            make.order(made)
        assert look(merchant) == 0
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update payment set created_at = created_at - interval '6 minutes'")

        assert look(merchant) == 1

        did = health.figures(merchant_id=merchant, accounts=[account.id])[account.id]
        assert (did.opened, did.paid) == (20, 0)
        assert state_of(merchant, account) is Health.PAUSED

    def test_switched_off_and_other_merchants_accounts_are_left_alone(
        self, merchant, other_merchant, account
    ):
        fail(account)
        operations.disable_account(merchant_id=merchant, uid=account.uid)

        assert look(merchant) == 0
        assert look(other_merchant) == 0
        assert health.figures(merchant_id=other_merchant, accounts=[account.id]) == {
            account.id: Figures()
        }

    def test_L18_never_inside_a_transaction(self, merchant, account):
        with acting_as(merchant), pytest.raises(RuntimeError, match="inside a transaction"):
            look(merchant)
