"""Overview, stock, payments, messages, task centre, palette: who sees what."""

import secrets

import pytest
from django.db import connection
from django.utils import timezone

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.orders import operations
from kacang.orders.types import Item, PlaceRequest
from kacang.outbox import work as works
from kacang.shared.contacts import Contact
from kacang.vault import operations as vault
from kacang.web.console.frame import GROUPS
from tests import make
from tests.web.console.conftest import work_as
from tests.web.console.goods import a_sku, stocked_sku

ALL_PAGES = (
    "/console/", "/console/orders/", "/console/products/", "/console/stock/", "/console/works/",
    "/console/payments/", "/console/payments/suspense/", "/console/payments/accounts/",
    "/console/messages/", "/console/notices/", "/console/blacklist/",
    "/console/products/categories/",
)  # fmt: skip


def placed(merchant_id, sku, email="zhao.min@example.com"):
    request = PlaceRequest(items=(Item(sku, 1),), contact=Contact(email, "+8613826042716"))
    return operations.place_order(merchant_id=merchant_id, request=request).number


@pytest.mark.parametrize("path", ALL_PAGES)
def test_page_of_an_empty_shop(owner, path):
    assert owner.get(path).status_code == 200


@pytest.mark.parametrize("path", ALL_PAGES)
def test_page_in_chinese(work, path):
    assert 'lang="zh-CN"' in work(language="zh-hans").get(path).content.decode()


class TestOverview:
    def test_counts_today_against_yesterday_by_now(self, owner, merchant):
        sku = stocked_sku(merchant, price="0", codes=["A-1", "A-2"])
        placed(merchant, sku)

        page = owner.get("/console/").content.decode()

        assert "Paid orders" in page
        assert "100.00%" in page
        assert "yesterday by now" in page

    def test_leads_a_new_shop_through_its_first_steps(self, owner, merchant):
        page = owner.get("/console/").content.decode()
        assert "First steps" in page
        assert "0 of 5 done" in page

        stocked_sku(merchant, codes=["A-1"])
        assert "2 of 5 done" in owner.get("/console/").content.decode()

    def test_counts_what_is_low(self, owner, merchant):
        a_sku(merchant, low_stock_at=10)

        page = owner.get("/console/").content.decode()

        assert "Low stock" in page
        assert "1 sold out" in page

    def test_leads_a_clerk_to_the_orders(self, work):
        assert work("clerk").get("/console/")["Location"] == "/console/orders/"


class TestStock:
    def test_shows_what_is_low_first(self, owner, merchant):
        stocked_sku(merchant, title="充足", codes=[f"A-{n}" for n in range(3)])
        a_sku(merchant, title="售罄")

        page = owner.get("/console/stock/", headers={"Accept-Language": "zh"}).content.decode()

        assert page.index("售罄" if "售罄" in page else "Sold out") < page.rindex("One year")
        assert "Nothing fits" in owner.get("/console/stock/?show=low&q=充足").content.decode()

    def test_finds_a_card_by_its_exact_code_only(self, owner, merchant):
        stocked_sku(merchant, codes=["VIP-0001-SECRET"])

        found = owner.post("/console/stock/find/", {"code": " VIP-0001-SECRET "}).content.decode()
        missed = owner.post("/console/stock/find/", {"code": "VIP-0001-SECRE"}).content.decode()

        assert "Available" in found
        assert "VIP-0001-SECRET" not in found
        assert "No card has this code" in missed

    def test_another_shops_stock_is_not_there(self, merchant, other_merchant):
        sku = stocked_sku(merchant, codes=["VIP-0001-SECRET"])
        stranger = work_as(other_merchant)

        assert stranger.get(f"/console/stock/{sku}/").status_code == 404
        page = stranger.post("/console/stock/find/", {"code": "VIP-0001-SECRET"}).content.decode()
        assert "No card has this code" in page


class TestPayments:
    def test_opens_an_account_and_shows_its_secret_once(self, owner):
        made = owner.post("/console/payments/accounts/new/", {"name": "沙箱"}).content.decode()
        later = owner.get("/console/payments/accounts/").content.decode()

        assert "whsec_" in made
        assert "Takes payments" in made
        assert "whsec_" not in later

    def test_changes_a_secret_and_switches_off(self, owner, merchant):
        owner.post("/console/payments/accounts/new/", {"name": "沙箱"})
        uid = account(merchant)

        rotated = owner.post(f"/console/payments/accounts/{uid}/rotate/").content.decode()
        owner.post(f"/console/payments/accounts/{uid}/switch/", {"to": "off"})

        assert "whsec_" in rotated
        page = owner.get(f"/console/payments/accounts/{uid}/").content.decode()
        assert "Switch on" in page

    def test_another_shops_account_is_not_there(self, owner, merchant, other_merchant):
        owner.post("/console/payments/accounts/new/", {"name": "沙箱"})
        uid = account(merchant)
        stranger = work_as(other_merchant)

        for act in ("switch", "rotate", "settle"):
            assert stranger.post(f"/console/payments/accounts/{uid}/{act}/").status_code == 404
        assert "Takes payments" in owner.get("/console/payments/accounts/").content.decode()

    def test_lists_payments_with_their_orders(self, owner, merchant):
        owner.post("/console/payments/accounts/new/", {"name": "沙箱"})
        number = placed(merchant, stocked_sku(merchant, codes=["A-1"]))
        payment = operations.start_payment(merchant_id=merchant, number=number, provider="sandbox")

        page = owner.get("/console/payments/").content.decode()

        assert payment.payment_id in page
        assert number in page

    def test_P2_shows_one_payment_with_what_was_heard_asked_and_booked(
        self, owner, merchant, other_merchant
    ):
        account = make.account(merchant)
        order = make.order(make.sku(merchant, price=1999))
        raw = '{"sign": "0123456789abcdef", "status": "paid"}'
        operations.settle_notices(account=account, notices=[make.notice(order, raw=raw)])
        assert order.payment
        path = f"/console/payments/number/{order.payment.payment_id}/"

        page = owner.get(path).content.decode()

        for words in (order.number, "Paid the order", "01****ef", "Advances from buyers"):
            assert words in page
        assert "0123456789abcdef" not in page
        assert work_as(other_merchant).get(path).status_code == 404
        assert (
            "Advances from buyers"
            not in work_as(merchant, "owner", "zh-hans").get(path).content.decode()
        )

    def test_notes_how_money_in_suspense_was_dealt_with(self, owner, merchant):
        owner.post("/console/payments/accounts/new/", {"name": "沙箱"})
        receipt(merchant, "SB-1")

        page = owner.get("/console/payments/suspense/").content.decode()
        assert "No payment has this number" in page
        uid = account(merchant)
        empty = owner.post(
            "/console/payments/suspense/resolve/", {"account": uid, "number": "SB-1", "note": " "}
        )
        assert empty.status_code == 302
        assert "SB-1" in owner.get("/console/payments/suspense/").content.decode()
        owner.post(
            "/console/payments/suspense/resolve/",
            {"account": uid, "number": "SB-1", "note": "paid back"},
        )
        assert "All money fits" in owner.get("/console/payments/suspense/").content.decode()


class TestMessages:
    def told(self, merchant_id):
        messages.tell(
            merchant_id=merchant_id,
            message=messages.Tell(
                event=Event.STAFF_LOW_STOCK,
                once="x",
                context={"title": "年卡", "left": "3", "threshold": "10", "sku": ""},
                in_app=True,
                emails=["warehouse.staff@example.com"],
            ),
        )

    def test_lists_what_was_told_masked(self, owner, merchant):
        self.told(merchant)

        page = owner.get("/console/messages/").content.decode()

        assert "ware***@example.com" in page
        assert "warehouse.staff@example.com" not in page

    def test_rings_the_bell_until_it_is_read(self, owner, merchant):
        self.told(merchant)

        page = owner.get("/console/notices/").content.decode()
        assert "Notifications, 1 unread" in page
        owner.post("/console/notices/read/")
        assert "Notifications, 0 unread" in owner.get("/console/notices/").content.decode()

    def test_sends_a_failed_one_again(self, owner, merchant):
        self.told(merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update message set state = 2, error = 'timeout' where merchant_id = %s::bigint"
                " and channel = 'email' returning uid",
                [merchant],
            )
            (uid,) = cursor.fetchone()
        assert "did not answer in time" in owner.get("/console/messages/").content.decode()

        owner.post(f"/console/messages/{uid}/retry/")

        assert "No message fits" in owner.get("/console/messages/?state=failed").content.decode()


class TestWorks:
    def test_lists_shows_and_stops(self, owner, merchant):
        uid = works.start(merchant_id=merchant, kind="cards.import", arguments={}, actor=SYSTEM)

        assert f"/console/works/{uid}/" in owner.get("/console/works/").content.decode()
        card = owner.get(f"/console/works/{uid}/", headers={"HX-Request": "true"})
        assert "<html" not in card.content.decode()
        owner.post(f"/console/works/{uid}/cancel/")
        assert "Cancelled" in owner.get(f"/console/works/{uid}/").content.decode()
        assert owner.get(f"/console/works/{uid}/file/").status_code == 404

    def test_another_shops_job_is_not_there(self, merchant, other_merchant):
        uid = works.start(merchant_id=merchant, kind="cards.import", arguments={}, actor=SYSTEM)
        stranger = work_as(other_merchant)

        assert stranger.get(f"/console/works/{uid}/").status_code == 404
        assert stranger.post(f"/console/works/{uid}/cancel/").status_code == 404


def numbered(merchant, made, number: str) -> None:
    """Put a card with a plain number into the stock of a SKU."""
    file_uid = vault.seal_lines(
        merchant_id=merchant, lines=[f"{number}----CODE-{secrets.token_hex(8)}"]
    )
    request = vault.ImportRequest(sku_uid=made.sku.uid)
    uid = vault.import_cards(merchant_id=merchant, actor=SYSTEM, file_uid=file_uid, request=request)
    vault.run_import(merchant_id=merchant, work_uid=uid)


class TestPalette:
    def test_finds_orders_and_products_by_permission(self, work, merchant):
        number = placed(merchant, stocked_sku(merchant, codes=["A-1"]))

        owner = work()
        assert number in owner.get("/console/search/?q=2716").content.decode()
        assert number in owner.get(f"/console/search/?q={number.lower()}").content.decode()
        assert "¥198.00" in owner.get("/console/search/?q=视频").content.decode()
        assert "Nothing found" in work("finance").get("/console/search/?q=视频").content.decode()

    def test_the_palette_knows_mails_parcels_cards_and_callers_numbers(self, owner, merchant, work):
        made = make.sku(merchant, cards=1, price=1_000)
        make.account(merchant)
        placed = make.order(
            made, contact=Contact(email="zhao@example.com"), external_number="shop-77-A"
        )

        def found(words, role=None):
            client = work(role) if role else owner
            return client.get("/console/search/", {"q": words}).content.decode()

        assert placed.number in found("Zhao@example.com")
        assert placed.number in found("shop-77-A")
        assert found(placed.number).index(placed.number) < len(found(placed.number))
        assert "/console/stock/cards/" in found(made.codes[0])
        # A number that is no secret is enough, where the code has to be known else.
        numbered(merchant, made, "JN04-0000-0458")
        assert "/console/stock/cards/" in found("JN04-0000-0458")
        assert "/console/stock/cards/" not in found("JN04-0000-0459")
        assert "/console/stock/cards/" not in found("JN04-0000-0458", "sales")
        # Who may not see stock does not learn whether there is such a card.
        assert "/console/stock/cards/" not in found(made.codes[0], "sales")
        assert placed.number not in found(placed.number, "stock_keeper")
        assert 'role="option"' not in found("> orders")


class TestWhoMay:
    @pytest.mark.parametrize(
        ("path", "role", "status"),
        [
            ("/console/stock/", "stock_keeper", 200),
            ("/console/stock/", "sales", 403),
            ("/console/payments/", "finance", 200),
            ("/console/payments/", "order_operator", 403),
            ("/console/payments/suspense/", "clerk", 403),
            ("/console/messages/", "customer_service", 200),
            ("/console/messages/", "finance", 403),
            ("/console/works/", "clerk", 403),
            ("/console/notices/", "clerk", 200),
        ],
    )
    def test_page_by_role(self, work, path, role, status):
        assert work(role).get(path).status_code == status

    def test_nobody_comes_in_without_signing_in(self, client):
        for path in ALL_PAGES:
            assert client.get(path)["Location"].startswith("/console/login/")


def account(merchant_id):
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute("select uid from account where merchant_id = %s::bigint", [merchant_id])
        return cursor.fetchone()[0]


def receipt(merchant_id, number):
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "insert into receipt (merchant_id, account_id, payment_number, provider_number,"
            " amount_minor, currency, fit, seen_at) select merchant_id, id, 'nobody', %s::text,"
            " 100, 'CNY', 7, %s::timestamptz from account where merchant_id = %s::bigint",
            [number, timezone.now(), merchant_id],
        )


def test_no_two_pages_of_the_menu_have_one_key():
    keys = [item.key for group in GROUPS for item in group.items if item.key]

    assert sorted(set(keys)) == sorted(keys)
