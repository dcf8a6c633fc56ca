"""P5, N1: the staff hear once that a payment account is left out, and once that it is back."""

import pytest
from django.db import connection
from django.urls import reverse

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import RoleDraft
from kacang.merchants.settings import BadSetting
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages_operations
from kacang.messages.events import Event
from kacang.messages.models import Message
from kacang.messages.operations import Tell
from kacang.payments import operations as payments
from kacang.payments import queries as payment_queries
from kacang.payments.account_models import AccountEvent, CallKind
from kacang.payments.companies import registry
from kacang.payments.companies.calls import recorded
from kacang.web.mails import accounts as account_mails
from tests import make
from tests.messages.belling import bell as shown
from tests.payments.test_health import fail
from tests.web.console.conftest import work_as


@pytest.fixture
def account(merchant, monkeypatch):
    payment_queries.forget_accounts()
    made = make.account(merchant)
    known = registry.providers()
    monkeypatch.setattr(registry, "providers", lambda: known)
    merchants.change_settings(
        merchant_id=merchant, values={"mail_staff": "boss@example.com"}, actor=SYSTEM
    )
    return made


def queued(merchant: int) -> list[tuple[str, int]]:
    """The jobs that tell of accounts: about which, and which event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select args->>'account_uid', (args->>'event_id')::bigint from procrastinate_jobs"
            " where task_name = 'payments.tell_health' and args->>'merchant_id' = %s order by id",
            [str(merchant)],
        )
        return list(cursor.fetchall())


def tell(merchant: int) -> None:
    for uid, event in queued(merchant):
        account_mails.tell_health(merchant_id=merchant, account_uid=uid, event_id=event)


def mails(merchant: int) -> list[str]:
    with acting_as(merchant):
        rows = Message.objects.filter(merchant_id=merchant, channel="email").order_by("id")
        return list(rows.values_list("event", flat=True))


class TestTold:
    def test_P5_once_when_it_is_left_out_and_once_when_it_is_back(self, merchant, account):
        fail(account)
        payments.look_after(merchant_id=merchant)
        payments.look_after(merchant_id=merchant)
        tell(merchant)
        tell(merchant)
        first = mails(merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update account set health = 2, health_at = clock_timestamp()")
        for _ in range(3):
            with recorded(account, CallKind.CREATE):
                pass
        payments.look_after(merchant_id=merchant)
        tell(merchant)

        assert first == ["staff.account_paused"]
        assert mails(merchant) == ["staff.account_paused", "staff.account_well"]
        back, out = shown(merchant)
        assert out.title == "The payment account 沙盒 is left out"
        assert out.line.startswith("6 of 6 calls failed, 0 of 0 payments were made.")
        assert back.title == "The payment account 沙盒 is back"
        assert out.target == ("account", account.uid)
        assert reverse("console_payment_account", args=[account.uid])

    def test_P5_one_that_is_tried_and_fails_again_was_never_back(self, merchant, account):
        fail(account)
        payments.look_after(merchant_id=merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update account set health = 2, health_at = now() - interval '1 s'")
        fail(account, 2)

        assert payments.look_after(merchant_id=merchant) == 1

        assert len(queued(merchant)) == 1
        with acting_as(merchant):
            assert AccountEvent.objects.filter(merchant_id=merchant).count() == 2


def bell(client) -> tuple[bool, int]:
    """Whether a person's notices name the account, and how many of theirs are unread."""
    page = client.get("/console/notices/").content.decode()
    return "沙盒" in page, page.count('name="uid"')


class TestWhoHears:
    """I1: only who may see payment accounts, whatever role that is."""

    @pytest.fixture
    def paused(self, merchant, account):
        fail(account)
        payments.look_after(merchant_id=merchant)
        tell(merchant)
        messages_operations.tell(
            merchant_id=merchant,
            message=Tell(event=Event.STAFF_LOW_STOCK, once="x", context={}, in_app=True),
        )
        return merchant

    def custom(self, merchant, *permissions):
        draft = RoleDraft(name="-".join(permissions), permissions=frozenset(permissions))
        return merchants.create_role(merchant_id=merchant, draft=draft, actor=SYSTEM)

    def test_P5_those_who_see_accounts_hear_of_them(self, paused):
        accountant = self.custom(paused, "payments.view")

        for role in ("owner", "finance", accountant):
            assert bell(work_as(paused, role))[0], role

    def test_P5_others_hear_nothing_and_read_nothing_away(self, paused):
        keeper = self.custom(paused, "stock.view", "orders.view")

        for role in ("sales", "warehouse", "customer_service"):
            assert not bell(work_as(paused, role))[0], role
        client = work_as(paused, keeper)
        assert bell(client) == (False, 1)
        client.post("/console/notices/read/")
        with acting_as(paused):
            hidden = Message.objects.get(merchant_id=paused, event="staff.account_paused",
                                         channel="in_app")  # fmt: skip
        client.post("/console/notices/read/", {"uid": hidden.uid})

        assert bell(client)[1] == 0
        assert bell(work_as(paused, "finance")) == (True, 1)


class TestLine:
    def open_payments(self, merchant: int, opened: int) -> None:
        made = make.sku(merchant, cards=opened)
        for _ in range(opened):
            make.order(made)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update payment set created_at = created_at - interval '12 minutes'")

    @pytest.mark.parametrize(
        ("values", "paused"),
        [({}, 1), ({"health_paid_percent": 0}, 0), ({"health_minutes": 10}, 0)],
    )
    def test_P5_share_and_time_are_the_merchants(self, merchant, account, values, paused):
        merchants.change_settings(merchant_id=merchant, values=values, actor=SYSTEM)
        self.open_payments(merchant, 20)

        assert payments.look_after(merchant_id=merchant) == paused

    @pytest.mark.parametrize(
        "values",
        [
            {"health_paid_percent": 51},
            {"health_paid_percent": -1},
            {"health_minutes": 9},
            {"health_minutes": 241},
        ],
    )
    def test_P5_within_sane_bounds(self, merchant, account, values):
        with pytest.raises(BadSetting):
            merchants.change_settings(merchant_id=merchant, values=values, actor=SYSTEM)
