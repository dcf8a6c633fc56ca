"""N1, L4, rule 22: from what happened to the mail that a real server takes, and where it leads."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from procrastinate.contrib.django import app

from kacang import jobs
from kacang.catalog.models import Product
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.tenancy import acting_as
from kacang.messages.models import Message
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.cards import replacing_many
from kacang.orders.reviewing import operations as reviewing
from kacang.orders.reviewing.queries import RuleBody, Verdict
from kacang.orders.types import Credentials
from kacang.payments import queries as payments
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.vault import queries as vault
from kacang.vault.operations import Change, ChangeRequest
from kacang.web.mails import stock as stock_mails
from tests import make
from tests.messages.belling import bell
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.orders.test_goods import Shop as GoodsShop

BUYER = Contact(email="zhao@example.com")


@pytest.fixture
def stocked(merchant):
    payments.forget_accounts()
    make.account(merchant)
    return make.sku(merchant)


def settle(merchant: int, placed, **changes) -> None:
    account = payments.account_for(merchant_id=merchant, provider="sandbox")
    orders.settle_notices(account=account, notices=[make.notice(placed, **changes)])


def choose(merchant: int, **values: object) -> None:
    merchants.change_settings(merchant_id=merchant, values=values, actor=Actor())


def run_news(merchant: int) -> list[str]:
    """Do what relay and workers do with this merchant's news; return the jobs that ran."""
    while jobs.relay_news():
        pass
    ran = []
    while found := _next_job(merchant):
        job_id, name, arguments = found
        ran.append(name)
        app.tasks[name].func(**arguments)
        with connection.cursor() as cursor:
            cursor.execute("delete from procrastinate_events where job_id = %s::bigint", [job_id])
            cursor.execute("delete from procrastinate_jobs where id = %s::bigint", [job_id])
    return ran


def _next_job(merchant: int):
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, task_name, args from procrastinate_jobs where queue_name = 'mail'"
            " and args->>'merchant_id' = %s::text and scheduled_at is null order by id limit 1",
            [str(merchant)],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    arguments = json.loads(row[2]) if isinstance(row[2], str) else row[2]
    return row[0], row[1], arguments


def text_of(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def link_in(mail) -> str:
    found = re.search(r"^https?://\S+$", text_of(mail), re.MULTILINE)
    assert found, text_of(mail)
    return found[0]


class TestHeld:
    def test_the_buyer_reads_that_it_is_checked_and_not_by_which_rule(
        self,
        merchant,
        stocked,
        postbox,  # noqa: F811
    ):
        rule = reviewing.add_rule(
            merchant_id=merchant, body=RuleBody("秘密规则", verdict=Verdict.HOLD), actor=SYSTEM
        )
        reviewing.switch_rule(merchant_id=merchant, uid=rule, is_on=True, actor=SYSTEM)
        settle(merchant, make.order(stocked, contact=BUYER))

        assert "orders.tell_on_hold" in run_news(merchant)

        (mail,) = [one for one in postbox.mails if one["to"] == "zhao@example.com"]
        assert "正在人工核对" in text_of(mail)
        assert "秘密规则" not in mail.as_string() + text_of(mail)


class TestDelivered:
    def test_the_mail_leads_back_to_the_order(self, merchant, stocked, postbox):  # noqa: F811
        placed = make.order(stocked, contact=BUYER)
        settle(merchant, placed)

        assert run_news(merchant) == ["orders.tell_delivered", "messages.send"]

        (mail,) = postbox.mails
        assert mail["to"] == "zhao@example.com"
        assert placed.number in mail["subject"]
        assert not any(code in mail.as_string() + text_of(mail) for code in stocked.codes)
        token = parse_qs(urlsplit(link_in(mail)).query)["t"][0]
        assert orders.check_access(
            merchant_id=merchant, number=placed.number, credentials=Credentials(token=token)
        )

    def test_the_link_opens_in_a_browser_without_the_cookie(
        self,
        merchant,
        stocked,
        postbox,  # noqa: F811
    ):
        placed = make.order(stocked, contact=BUYER)
        settle(merchant, placed)
        run_news(merchant)
        link = urlsplit(link_in(postbox.mails[0]))

        browser = Client()
        entered = browser.get(f"{link.path}?{link.query}")
        page = browser.get(entered["location"])

        assert entered.status_code == 302
        assert "t=" not in entered["location"]
        assert page.status_code == 200
        assert placed.number in page.content.decode()

    @pytest.mark.parametrize(("language", "words"), [("zh-Hans", "更换"), ("en", "were replaced")])
    def test_of_a_replaced_card_leads_to_the_new_one(
        self,
        merchant,
        stocked,
        postbox,  # noqa: F811
        language,
        words,
    ):
        placed = make.order(stocked, contact=BUYER, language=language)
        settle(merchant, placed)
        run_news(merchant)
        view = order_queries.order(merchant_id=merchant, number=placed.number)
        (unit,) = vault.cards_of_units(merchant_id=merchant, line_ids=[view.lines[0].id])
        card_uid = unit.card_uid
        for _ in range(2):
            card_uid = orders.replace_card(
                merchant_id=merchant, card_uid=card_uid, actor=Actor(), reason="内部原因"
            ).card_uid

        assert run_news(merchant) == ["orders.tell_replaced"] * 2 + ["messages.send"] * 2

        _delivered, mail, second = postbox.mails
        assert placed.number in mail["subject"]
        assert words in mail["subject"]
        assert second["subject"] == mail["subject"]
        assert "内部原因" not in text_of(mail)
        assert not any(code in mail.as_string() + text_of(mail) for code in stocked.codes)
        token = parse_qs(urlsplit(link_in(mail)).query)["t"][0]
        assert orders.check_access(
            merchant_id=merchant, number=placed.number, credentials=Credentials(token=token)
        )

    def test_of_many_replaced_cards_is_one_for_each_order(
        self,
        merchant,
        postbox,  # noqa: F811
        monkeypatch,
    ):
        monkeypatch.setattr(replacing_many, "AT_ONCE", 1)
        made = make.sku(merchant, cards=7)
        make.account(merchant)
        placed = make.order(made, 3, contact=BUYER)
        settle(merchant, placed)
        run_news(merchant)
        view = order_queries.order(merchant_id=merchant, number=placed.number)
        units = vault.cards_of_units(merchant_id=merchant, line_ids=[view.lines[0].id])
        uid = orders.replace_cards(
            merchant_id=merchant,
            actor=Actor(),
            request=ChangeRequest(
                Change.FAULTY, "内部原因", card_uids=[unit.card_uid for unit in units]
            ),
        )

        orders.run_replace(merchant_id=merchant, work_uid=uid)

        # Three transactions, each of which knows of one card: one mail.
        assert run_news(merchant) == ["orders.tell_replaced"] * 3 + ["messages.send"]
        _delivered, mail = postbox.mails
        assert placed.number in mail["subject"]
        assert "内部原因" not in text_of(mail)

    def test_without_an_address_nothing_is_sent(self, merchant, stocked, postbox):  # noqa: F811
        placed = make.order(stocked, contact=Contact(phone="+8613826042716"))
        settle(merchant, placed)

        run_news(merchant)

        assert postbox.mails == []

    def test_the_merchant_may_switch_it_off(self, merchant, stocked, postbox):  # noqa: F811
        choose(merchant, mail_order_delivered=False)
        placed = make.order(stocked, contact=BUYER)
        settle(merchant, placed)

        run_news(merchant)
        assert postbox.mails == []

        orders.resend(merchant_id=merchant, number=placed.number, actor=Actor())
        run_news(merchant)
        assert len(postbox.mails) == 1

    def test_in_the_orders_language(self, merchant, stocked, postbox):  # noqa: F811
        placed = make.order(stocked, contact=BUYER, language="en")
        settle(merchant, placed)
        run_news(merchant)

        assert "is delivered" in postbox.mails[0]["subject"]
        assert "Video" in text_of(postbox.mails[0])


class TestGoods:
    def test_the_buyer_is_told_how_it_is_handed_over(self, merchant, postbox):  # noqa: F811
        payments.forget_accounts()
        shop = GoodsShop(merchant)
        sku = shop.stock.goods()
        shop.stock.received(sku, 2)
        with acting_as(merchant):
            Product.objects.filter(merchant_id=merchant).update(guide={"zh-Hans": "**到店**自取"})
        choose(merchant, support_contact={"zh-Hans": "微信 deer-nuts"})
        placed = shop.place((sku, 1), contact=BUYER)
        shop.pay(placed)

        came = "supply.tell_waiting"
        assert run_news(merchant) == [came, "orders.tell_ready", "messages.send"]

        (mail,) = postbox.mails
        assert placed.number in mail["subject"]
        assert "坚果礼盒" in text_of(mail)
        assert "微信 deer-nuts" in text_of(mail)
        assert "卡密" not in text_of(mail)
        link = urlsplit(link_in(mail))
        browser = Client()
        page = browser.get(browser.get(f"{link.path}?{link.query}")["location"]).content.decode()
        assert "<strong>到店</strong>自取" in page
        assert "data-poll" not in page

    def test_with_cards_the_mail_is_that_of_the_codes(self, merchant, postbox):  # noqa: F811
        payments.forget_accounts()
        shop, stocked = GoodsShop(merchant), make.sku(merchant)
        sku = shop.stock.goods()
        shop.stock.received(sku, 2)
        placed = shop.place((sku, 1), (stocked.sku.uid, 1), contact=BUYER)
        shop.pay(placed)

        came = "supply.tell_waiting"
        assert run_news(merchant) == [came, "orders.tell_delivered", "messages.send"]


class TestWaiting:
    def test_L4_buyer_and_staff_are_told(self, merchant, stocked, postbox):  # noqa: F811
        choose(merchant, mail_staff="staff@example.com")
        placed = make.order(stocked, 3, contact=BUYER)
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=Actor(), reason="x")
        rival = make.order(stocked, 3)
        settle(merchant, rival)
        settle(merchant, placed)

        run_news(merchant)

        by_recipient = {
            str(mail["to"]): mail for mail in postbox.mails if placed.number in str(mail["subject"])
        }
        assert set(by_recipient) == {"zhao@example.com", "staff@example.com"}
        assert "订单取消后才到账" in text_of(by_recipient["zhao@example.com"])
        assert f"/console/orders/{placed.number}/" in link_in(by_recipient["staff@example.com"])
        (notice,) = bell(merchant)
        assert notice.title == f"Order {placed.number} is paid and waits"
        assert notice.target == ("order", placed.number)

    def test_cancelled_is_told_only_where_it_is_wanted(self, merchant, stocked, postbox):  # noqa: F811
        for is_wanted, subject_count in ((False, 0), (True, 1)):
            choose(merchant, mail_order_cancelled=is_wanted)
            placed = make.order(stocked, contact=BUYER)
            orders.cancel_order(
                merchant_id=merchant, number=placed.number, actor=Actor(), reason="x"
            )
            run_news(merchant)
            about = [mail for mail in postbox.mails if placed.number in str(mail["subject"])]
            assert len(about) == subject_count


class TestSuspense:
    def test_staff_are_told_of_money_that_fits_nothing(self, merchant, stocked, postbox):  # noqa: F811
        choose(merchant, mail_staff="staff@example.com")
        placed = make.order(stocked)
        settle(merchant, placed, amount=Money(5))

        run_news(merchant)

        (mail,) = postbox.mails
        assert "¥0.05" in str(mail["subject"])
        assert link_in(mail).endswith("/console/payments/suspense/")
        (notice,) = bell(merchant, "zh-hans")
        assert notice.title == "收到 ¥0.05，与订单不符"


class TestLowStock:
    def test_L20_is_told_once_until_new_stock_comes(self, merchant, postbox):  # noqa: F811
        payments.forget_accounts()
        make.account(merchant)
        made = make.sku(merchant, cards=3, low_stock_at=3)
        assert stock_mails.tell_low_stock(merchant_id=merchant) == 0

        make.order(made)
        told = [stock_mails.tell_low_stock(merchant_id=merchant) for _ in range(3)]
        make.stock(made, 4)
        after_restock = stock_mails.tell_low_stock(merchant_id=merchant)
        make.order(made, 5)
        again = [stock_mails.tell_low_stock(merchant_id=merchant) for _ in range(2)]

        assert (told, after_restock, again) == ([1, 0, 0], 0, [1, 0])
        newest = bell(merchant)[0]
        assert (newest.title, newest.target) == (
            "Video · Year is running low",
            ("sku", made.sku.uid),
        )

    def test_can_be_switched_off(self, merchant):
        choose(merchant, mail_low_stock=False)
        make.sku(merchant, cards=1, low_stock_at=5)

        assert stock_mails.tell_low_stock(merchant_id=merchant) == 0


class TestCode:
    def test_the_code_is_in_the_mail_and_nowhere_else(self, merchant, stocked, postbox):  # noqa: F811
        placed = make.order(stocked, contact=BUYER)
        orders.request_code(merchant_id=merchant, number=placed.number, contact="zhao@example.com")

        assert run_news(merchant) == ["orders.send_code", "messages.send"]

        code = re.search(r"\b\d{6}\b", text_of(postbox.mails[0]))
        assert code
        assert orders.check_access(
            merchant_id=merchant, number=placed.number, credentials=Credentials(code=code[0])
        )
        with acting_as(merchant):
            stored = json.dumps(list(Message.objects.values_list("context", flat=True)))
        assert code[0] not in stored


def test_every_job_that_is_queued_has_a_task():
    for name in (
        "messages.send", "orders.send_code", "orders.tell_delivered", "orders.tell_on_hold",
        "orders.tell_cancelled", "orders.tell_replaced", "payments.ask", "payments.sandbox_send",
        "payments.tell_suspense",
    ):  # fmt: skip
        assert name in app.tasks
    for listeners in jobs.LISTENERS.values():
        assert {job for job, _queue in listeners} <= set(app.tasks)
