"""P1, P5: which account takes a payment: limits, products, devices, health, then the dice."""

import random
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.errors import NoProvider
from kacang.payments import operations, queries
from kacang.payments.account_models import AccountDay, Health
from kacang.payments.accounts import routing
from kacang.payments.accounts.days import sum_days
from kacang.payments.accounts.routing import Limits, Route
from kacang.payments.companies import registry
from kacang.payments.models import Account, Payment
from kacang.payments.ports import AccountInfo, Device
from kacang.payments.queries import ProviderNotOffered, Sale
from kacang.shared.money import Money
from tests import make


def route(number: int, **fields: Any) -> Route:
    account = AccountInfo(
        id=number, merchant_id=1, uid=f"acc_{number}", provider=fields.pop("provider", "sandbox"),
        enabled=True, currency=fields.pop("currency", "CNY"), secrets={},
    )  # fmt: skip
    health, received = fields.pop("health", Health.GOOD), fields.pop("received_minor", 0)
    return Route(account, f"路{number}", Limits(**fields), health, received)


def same_dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same throws each time are wanted


def ids(routes) -> list[int]:
    return [found.account.id for found in routes]


class TestFitting:
    @pytest.mark.parametrize(
        ("fields", "minor", "fits"),
        [
            ({"amount_min_minor": 100}, 99, False),
            ({"amount_min_minor": 100}, 100, True),
            ({"amount_max_minor": 100}, 100, True),
            ({"amount_max_minor": 100}, 101, False),
            ({"day_max_minor": 1000, "received_minor": 900}, 100, True),
            ({"day_max_minor": 1000, "received_minor": 901}, 100, False),
            ({"currency": "USD"}, 100, False),
            ({"provider": "nobody"}, 100, False),
        ],
    )
    def test_P1_limits_are_whole_numbers_of_the_smallest_unit(self, fields, minor, fits):
        assert bool(routing.fitting([route(1, **fields)], Sale(Money(minor)))) is fits

    @pytest.mark.parametrize(
        ("bought", "fits"),
        [({"a"}, True), ({"a", "b"}, True), ({"a", "c"}, False), ({"c"}, False), (None, True)],
    )
    def test_P1_all_that_is_bought_must_be_allowed(self, bought, fits):
        limited = route(1, products=frozenset({"a", "b"}))

        assert bool(routing.fitting([limited], Sale(products=bought))) is fits

    def test_P5_a_failing_account_is_left_out_while_its_company_has_another(self):
        failing, well = route(1, health=Health.PAUSED), route(2)

        assert ids(routing.fitting([failing, well], Sale())) == [2]
        assert ids(routing.fitting([failing], Sale())) == [1]
        tight = route(2, amount_max_minor=10)
        assert ids(routing.fitting([failing, tight], Sale(Money(100)))) == [1]

    def test_ways_have_each_company_once_and_failing_ones_last(self, monkeypatch):
        company = registry.provider("sandbox")
        monkeypatch.setattr(registry, "providers", lambda: {"a": company, "b": company})
        both = [route(1, provider="a", health=Health.PAUSED), route(2, provider="b"),
                route(3, provider="b")]  # fmt: skip

        assert ids(routing.ways(both, Sale())) == [2, 1]


class TestDice:
    # On a busy machine the first example alone can take long: the adapters are loaded by it.
    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.lists(st.integers(1, 1000), min_size=1, max_size=5), st.integers(0, 2**32))
    def test_P1_the_chosen_account_always_fits(self, weights, seed):
        routes = [route(n, weight=weight) for n, weight in enumerate(weights)]

        found = routing.choose(
            routes, Sale(Money(5)), provider="sandbox", dice=same_dice(seed), without=[0]
        )

        assert (found is None) == (len(routes) == 1)
        assert found is None or found.account.id > 0

    def test_P1_weights_say_how_often(self):
        dice = same_dice(7)
        routes = [route(1, weight=300), route(2, weight=100)]

        taken = Counter(
            found.account.id
            for _ in range(4000)
            if (found := routing.choose(routes, Sale(), provider="sandbox", dice=dice))
        )

        assert 2850 < taken[1] < 3150
        assert taken[1] + taken[2] == 4000

    def test_P5_an_account_that_is_tried_again_gets_a_tenth(self):
        dice = same_dice(7)
        routes = [route(1), route(2, health=Health.TRYING)]

        taken = Counter(
            found.account.id
            for _ in range(4400)
            if (found := routing.choose(routes, Sale(), provider="sandbox", dice=dice))
        )

        assert 300 < taken[2] < 500


@pytest.fixture
def second(merchant, account) -> AccountInfo:
    """Another sandbox account beside `account`."""
    queries.forget_accounts()
    return make.account(merchant)


def limit(merchant: int, account: AccountInfo, **limits: Any) -> None:
    change = operations.AccountChange(name="沙盒", limits=Limits(**limits))
    operations.change_account(merchant_id=merchant, uid=account.uid, change=change)


def account_ids_of(merchant: int) -> set[int]:
    with acting_as(merchant):
        return set(
            Payment.objects.filter(merchant_id=merchant).values_list("account_id", flat=True)
        )


class TestInTheSale:
    def test_P1_placing_takes_the_account_that_fits(self, merchant, account, second):
        limit(merchant, account, amount_max_minor=1998)
        made = make.sku(merchant, cards=6, price=1999)

        for _ in range(5):
            make.order(made)

        assert account_ids_of(merchant) == {second.id}

    def test_P1_placing_is_refused_when_none_fits_and_keeps_nothing(self, merchant, account):
        limit(merchant, account, amount_min_minor=2000)
        made = make.sku(merchant, price=1999)

        with pytest.raises(NoProvider):
            make.order(made)

        assert account_ids_of(merchant) == set()
        assert queries.offered(merchant_id=merchant, sale=Sale(Money(1999))) == []
        assert len(queries.offered(merchant_id=merchant, sale=Sale(Money(2000)))) == 1

    def test_P1_products_are_held_to_the_list_in_both_ways_in(self, merchant, account, second):
        allowed, other = make.sku(merchant, cards=3), make.sku(merchant, cards=9)
        limit(merchant, account, products=frozenset({allowed.sku.product.uid}))

        make.order(allowed)
        for _ in range(4):
            make.order(other)
        for _ in range(4):
            placed = make.order(other, provider="")
            orders.start_payment(merchant_id=merchant, number=placed.number, provider="sandbox")

        with acting_as(merchant):
            sold = Payment.objects.filter(merchant_id=merchant, account_id=account.id)
            assert sold.count() <= 1
        limit(merchant, second, amount_min_minor=10**9)
        placed = make.order(other, provider="")
        with pytest.raises(ProviderNotOffered):
            orders.start_payment(merchant_id=merchant, number=placed.number, provider="sandbox")

    def test_P1_the_open_attempt_of_either_account_is_offered_again(
        self, merchant, account, second
    ):
        placed = make.order(make.sku(merchant), provider="")

        numbers = {
            orders.start_payment(
                merchant_id=merchant, number=placed.number, provider="sandbox"
            ).payment_id
            for _ in range(8)
        }

        assert len(numbers) == 1

    def test_the_sale_reads_no_account(self, merchant, account):
        made = make.sku(merchant, cards=9)
        make.order(made)

        with CaptureQueriesContext(connection) as asked:
            make.order(made)

        assert [entry["sql"] for entry in asked if '"account"' in entry["sql"]] == []


class TestDays:
    def received(self, merchant: int, account: AccountInfo) -> int:
        queries.forget_accounts()
        (found,) = [r for r in queries.routes(merchant_id=merchant) if r.account.id == account.id]
        return found.received_minor

    def pay(self, made, account: AccountInfo) -> None:
        orders.settle_notices(account=account, notices=[make.notice(make.order(made))])

    def test_P1_a_day_takes_no_more_than_its_limit(self, merchant, account):
        made = make.sku(merchant, cards=9, price=1999)
        limit(merchant, account, day_max_minor=5000)
        self.pay(made, account)
        assert self.received(merchant, account) == 1999
        self.pay(made, account)
        assert self.received(merchant, account) == 3998

        with pytest.raises(NoProvider):
            make.order(made)

    def test_P1_sums_go_on_where_they_stood(self, merchant, account):
        made = make.sku(merchant, cards=9, price=1000)
        limit(merchant, account, day_max_minor=10**9)
        self.pay(made, account)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update receipt set seen_at = seen_at - interval '2 minutes'")

        assert sum_days(merchant_id=merchant) == 1
        self.pay(made, account)

        with acting_as(merchant):
            (day,) = AccountDay.objects.filter(merchant_id=merchant)
        assert (day.received_minor, self.received(merchant, account)) == (1000, 2000)
        assert sum_days(merchant_id=merchant) == 1
        assert self.received(merchant, account) == 2000

    def test_yesterday_does_not_count(self, merchant, account):
        made = make.sku(merchant, cards=9, price=1000)
        limit(merchant, account, day_max_minor=10**9)
        self.pay(made, account)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update receipt set seen_at = seen_at - interval '25 hours'")

        assert self.received(merchant, account) == 0
        sum_days(merchant_id=merchant)
        assert self.received(merchant, account) == 0

    def test_a_merchant_without_limits_is_not_summed(self, merchant, account):
        assert sum_days(merchant_id=merchant) == 0


class TestKept:
    def test_health_is_read_with_the_account(self, merchant, account):
        with acting_as(merchant):
            Account.objects.filter(pk=account.id).update(health=Health.PAUSED)
        queries.forget_accounts()

        (found,) = queries.routes(merchant_id=merchant)

        assert found.health is Health.PAUSED
        assert [offer.provider for offer in queries.offered(merchant_id=merchant)] == ["sandbox"]
        assert found.account.secrets == account.secrets

    def test_one_that_cannot_be_opened_stops_no_other(self, merchant, account, second):
        with acting_as(merchant):
            sealed = Account.objects.get(pk=account.id).secrets
            Account.objects.filter(pk=second.id).update(secrets=sealed)
        queries.forget_accounts()

        assert ids(queries.routes(merchant_id=merchant)) == [account.id]

    def test_devices_decide_what_is_offered(self, merchant, account, monkeypatch):
        company = registry.provider("sandbox")
        monkeypatch.setattr(
            type(company), "fits", lambda _self, _account, device: device is Device.PHONE
        )

        def names(device):
            sale = Sale(Money(1), device=device)
            return [offer.provider for offer in queries.offered(merchant_id=merchant, sale=sale)]

        assert (names(Device.PHONE), names(Device.DESKTOP)) == (["sandbox"], [])
