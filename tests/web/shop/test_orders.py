"""Paying and receiving: the page turns, codes are shown with their guide, all of them (W2)."""

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from kacang.catalog.models import Product, Strategy
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.orders.types import OrderState
from kacang.vault.models import CardState
from kacang.web.shop import access
from tests import make
from tests.vault.test_attachments import PNG
from tests.web.shop.conftest import text


def reveals(merchant):
    """How often codes of the merchant were looked at."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select count(*) from audit_entry where action = 'secrets.reveal'")
        return cursor.fetchone()[0]


def guided(shop, **fields):
    made = make.sku(shop.id, **fields)
    with acting_as(shop.id):
        Product.objects.filter(id=made.sku.product_id).update(guide={"zh-Hans": "1. **打开** App"})
    return made


@pytest.fixture
def late():
    """The clock of the hot path a day ahead."""
    settings.HOT_CLOCK_SHIFT_SECONDS = 24 * 3600
    yield
    settings.HOT_CLOCK_SHIFT_SECONDS = 0


class TestPaymentPage:
    def test_shows_amount_qr_countdown_and_says_not_to_pay_twice(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id, price=18300))

        page = text(buyer.get(f"orders/{number}/pay/"))
        payment = shop.order(number).payments[0]

        assert re.search(r"¥</small>183<small>.00", page)
        assert 'src="data:image/png;base64,' in page
        assert payment.pay_url.replace("&", "&amp;") in page
        (left,) = re.findall(r'data-countdown="(\d+)"', page)
        assert 14 * 60 <= int(left) <= 15 * 60
        assert "请勿重复付款" in page
        assert f'data-poll="{buyer.base}orders/{number}/state?seen=pending"' in page
        assert '<noscript><meta http-equiv="refresh"' in page

    def test_turns_to_the_order_once_it_is_paid(self, shop, buyer):
        made = make.sku(shop.id)
        number = buyer.buy(made)

        before = json.loads(text(buyer.get(f"orders/{number}/state?seen=pending")))
        shop.pay(number)
        after = json.loads(text(buyer.get(f"orders/{number}/state?seen=pending")))
        page = buyer.get(f"orders/{number}/pay/")

        assert before == {"state": "pending", "done": False, "url": buyer.at(f"orders/{number}/")}
        assert after == {"state": "delivered", "done": True, "url": buyer.at(f"orders/{number}/")}
        assert page.headers["Location"] == buyer.at(f"orders/{number}/")

    def test_offers_another_way_to_pay(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id))

        shown = text(buyer.get(f"orders/{number}/pay/?change=1"))
        refused = buyer.post(f"orders/{number}/pay/", {"provider": "nobody"})
        chosen = buyer.post(f"orders/{number}/pay/", {"provider": "sandbox"})

        assert 'name="provider" value="sandbox" checked' in shown
        assert refused.status_code == 409
        assert chosen.headers["Location"] == buyer.at(f"orders/{number}/pay/")
        assert len(shop.order(number).payments) == 1

    def test_waits_also_while_another_way_is_chosen(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id))

        for path in ("pay/?change=1", ""):
            assert f"orders/{number}/state?seen=pending" in text(
                buyer.get(f"orders/{number}/{path}")
            )

    def test_never_offers_to_pay_what_was_paid_a_moment_ago(self, shop, buyer, monkeypatch):
        number = buyer.buy(make.sku(shop.id))
        pending = shop.order(number)
        shop.pay(number)
        # As it is read when the money comes between two statements: order before, payments after.
        torn = replace(pending, payments=shop.order(number).payments)
        monkeypatch.setattr(access, "opened", lambda *_: torn)

        answer = buyer.get(f"orders/{number}/pay/")

        assert answer.headers["Location"] == buyer.at(f"orders/{number}/")

    def test_i_have_paid_asks_the_company_at_most_every_few_seconds(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id))
        with acting_as(shop.id), connection.cursor() as cursor:
            cursor.execute("update payment set created_at = created_at - interval '1 minute'")

        answers = [buyer.post(f"orders/{number}/paid/") for _ in range(3)]

        assert {answer.headers["Location"] for answer in answers} == {
            buyer.at(f"orders/{number}/pay/?asked=1")
        }
        assert "正在向支付渠道核实" in text(buyer.get(f"orders/{number}/pay/?asked=1"))
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from procrastinate_jobs where task_name = 'payments.ask'"
                " and args->>'merchant_id' = %s",
                [str(shop.id)],
            )
            assert cursor.fetchone()[0] == 1

    def test_is_never_kept_by_caches_or_told_to_others(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id))

        for path in ("", "pay/", "state"):
            answer = buyer.get(f"orders/{number}/{path}")
            assert answer.headers["Cache-Control"] == "no-store, private"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


class TestOrderPage:
    def test_L26_codes_stand_with_copy_button_guide_and_expiry(self, shop, buyer):
        made = guided(shop, cards=0)
        make.stock(made, 1, expires_in="30 days")
        number = buyer.buy(made)
        shop.pay(number)

        page = text(buyer.get(f"orders/{number}/"))

        code = made.codes[0]
        assert f"<code>{code}</code>" in page
        assert f'data-copy="{code}"' in page
        assert 'class="qr-code"' in page
        assert "<strong>打开</strong> App" in page
        assert page.index(code) < page.index("<strong>打开</strong>")
        assert re.search(r"有效期至</span> \d{4}-\d\d-\d\d", page)
        assert "已发货，请及时使用" in page

    def test_L26_lookup_and_the_link_of_the_mail_lead_back_to_the_codes(self, shop, buyer):
        made, placed = shop.sold()
        other = shop.buyer()

        entered = other.get(f"orders/{placed.number}/?t={placed.access_token}")
        clean = other.get(entered.headers["Location"])
        listed = text(other.get("orders/"))

        assert entered.headers["Location"] == other.at(f"orders/{placed.number}/")
        assert entered.headers["Referrer-Policy"] == "no-referrer"
        assert placed.access_token not in text(clean)
        assert made.codes[0] in text(clean)
        assert f'href="{other.base}orders/{placed.number}/"' in listed

    def test_each_look_at_codes_is_in_the_audit_log_first(self, shop, buyer):
        _, placed = shop.sold()
        buyer.get(f"orders/{placed.number}/?t={placed.access_token}")

        before = reveals(shop.id)
        buyer.get(f"orders/{placed.number}/")
        buyer.get(f"orders/{placed.number}/codes.txt")

        assert before == 0
        assert reveals(shop.id) == 2

    def test_L13_all_that_was_bought_is_shown_by_pages_and_in_one_file(self, shop, buyer):
        made = make.sku(shop.id, cards=2000, max_per_order=2000)
        number = buyer.buy(made, 2000)
        shop.pay(number)

        seen, path = set(), f"orders/{number}/"
        pages = 0
        while path:
            page = text(buyer.get(path))
            seen |= set(re.findall(r"<code>([^<]+)</code>", page))
            following = re.findall(r'rel="next" href="\?from=(\d+)#codes"', page)
            path = f"orders/{number}/?from={following[0]}" if following else ""
            pages += 1
        answer = buyer.get(f"orders/{number}/codes.txt")

        assert pages == 40
        assert seen == set(made.codes)
        assert sorted(text(answer).splitlines()) == sorted(made.codes)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{number}.txt"'

    def test_L26_each_of_many_codes_has_its_qr_one_at_a_time(self, shop, buyer):
        made = make.sku(shop.id, cards=5)
        number = buyer.buy(made, 5)
        shop.pay(number)

        page = text(buyer.get(f"orders/{number}/"))
        links = re.findall(r'href="(\?from=\d+&amp;each=1)#codes"', page)
        third = text(buyer.get(f"orders/{number}/{links[2].replace('&amp;', '&')}"))

        assert "qr-code" not in page
        assert len(links) == 5
        assert third.count('class="qr-code"') == 1
        assert re.findall(r"<code>([^<]+)</code>", third) == [
            re.findall(r"<code>([^<]+)</code>", page)[2]
        ]

    def test_says_what_is_short_and_goes_on_by_itself(self, shop, buyer):
        made = make.sku(shop.id, cards=1)
        number = buyer.buy(made)
        with acting_as(shop.id), connection.cursor() as cursor:
            cursor.execute(
                "update card set state = %s, line_id = null, reserved_until = null",
                [CardState.FAULTY],
            )
            cursor.execute("update allocation set released_at = clock_timestamp()")
        shop.pay(number)

        page = text(buyer.get(f"orders/{number}/"))
        news = json.loads(text(buyer.get(f"orders/{number}/state?seen=on_hold")))

        assert shop.order(number).state == OrderState.ON_HOLD
        assert "已付款，暂时缺货" in page
        assert "还有 1 件待发货" in page
        assert f"orders/{number}/state?seen=on_hold" in page
        assert news["done"] is False
        assert "<code>" not in page

    def test_says_that_it_is_over_when_it_was_not_paid_in_time(self, shop, buyer, late):
        settings.HOT_CLOCK_SHIFT_SECONDS = 0
        made = make.sku(shop.id)
        number = buyer.buy(made)
        settings.HOT_CLOCK_SHIFT_SECONDS = timedelta(days=1).total_seconds()

        pay = buyer.get(f"orders/{number}/pay/")
        page = text(buyer.get(f"orders/{number}/"))

        assert pay.headers["Location"] == buyer.at(f"orders/{number}/")
        assert "订单已关闭" in page
        assert "重新下单" in page
        assert f"{buyer.base}p/{made.sku.product.uid}/?sku={made.sku.uid}" in page

    def test_cancelling_frees_the_stock(self, shop, buyer):
        made = make.sku(shop.id, cards=2)
        number = buyer.buy(made, 2)

        buyer.post(f"orders/{number}/cancel/")
        buyer.post(f"orders/{number}/cancel/")

        assert shop.order(number).state == OrderState.CANCELLED
        assert make.card_states(made) == {CardState.AVAILABLE: 2}

    def test_shows_codes_byte_for_byte(self, shop, buyer):
        strange = 'A%0A<b>&amp;"é\u3000 中'
        made = make.sku(shop.id, cards=0)
        put_in_stock(made, strange)
        number = buyer.buy(made)
        shop.pay(number)

        page = text(buyer.get(f"orders/{number}/"))
        file = text(buyer.get(f"orders/{number}/codes.txt"))

        assert "A%0A&lt;b&gt;&amp;amp;&quot;é\u3000 中" in page
        assert file == f"{strange}\n"


class TestFiles:
    """Cards that are small files: a picture to look at, everything to save (V2, L11)."""

    TEXT = "账号：一\r\n密码：二\n".encode("gb18030")

    @pytest.fixture
    def bought(self, shop, buyer):
        made = make.sku(shop.id, cards=0, strategy=Strategy.FIRST_IN)
        make.files(made, ("二维码.png", PNG), ("说明.txt", self.TEXT))
        number = buyer.buy(made, 2)
        shop.pay(number)
        return number

    def test_are_shown_and_saved_byte_for_byte(self, buyer, bought):
        page = text(buyer.get(f"orders/{bought}/"))
        picture = buyer.get(f"orders/{bought}/file?n=1")
        saved = buyer.get(f"orders/{bought}/file?n=2")

        assert f'src="{buyer.base}orders/{bought}/file?n=1"' in page
        assert "密码：二" in page
        assert "<svg" not in page.split('id="codes"')[1].split("shown-file")[0][:200]
        assert (picture.content, picture.headers["Content-Type"]) == (PNG, "image/png")
        assert (saved.content, saved.headers["Content-Type"]) == (self.TEXT, "text/plain")
        for answer in (picture, saved):
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "no-store" in answer.headers["Cache-Control"]

    def test_are_saved_together(self, shop, buyer):
        made = make.sku(shop.id, cards=1, strategy=Strategy.FIRST_IN)
        make.files(made, ("a.png", PNG), ("a.png", PNG + b"x"))
        number = buyer.buy(made, 3)
        shop.pay(number)

        answer = buyer.get(f"orders/{number}/codes.zip")

        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        assert found == {
            "a.png": PNG,
            "a (2).png": PNG + b"x",
            "codes.txt": f"{made.codes[0]}\n".encode(),
        }

    def test_are_for_the_buyer_alone(self, shop, bought):
        stranger = shop.buyer()

        for path in ("file?n=1", "codes.zip"):
            answer = stranger.get(f"orders/{bought}/{path}")
            assert PNG not in answer.content
            assert answer.headers["Content-Type"].startswith("text/html")

    def test_leave_a_trace_each_time(self, shop, buyer, bought):
        buyer.get(f"orders/{bought}/file?n=2")

        assert reveals(shop.id) == 1

    def test_a_code_is_no_file(self, shop, buyer):
        made = make.sku(shop.id, cards=1)
        number = buyer.buy(made)
        shop.pay(number)

        assert buyer.get(f"orders/{number}/file?n=1").status_code == 404
        page = text(buyer.get(f"orders/{number}/"))
        assert "codes.zip" not in page


def put_in_stock(made, code):
    cipher = cipher_for(made.merchant_id)
    seen = cipher.fingerprint(code.encode())
    with acting_as(made.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            """insert into card (merchant_id, sku_id, batch_id, pick_key, fingerprint, secret)
               values (%s, %s, %s, 1, %s, %s)""",
            [
                made.merchant_id, made.sku.pk, made.batch.pk, seen,
                cipher.seal("card", "secret", code.encode(), seen),
            ],
        )  # fmt: skip
        cursor.execute(
            """insert into card_movement (merchant_id, sku_id, batch_id, to_state, cards)
               values (%s, %s, %s, 0, 1)""",
            [made.merchant_id, made.sku.pk, made.batch.pk],
        )
