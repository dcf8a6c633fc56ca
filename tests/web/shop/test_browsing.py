"""Looking around the shop (W1, W4): home, category, search, product, numbers, help, 404."""

import re

from django.db import connection
from django.test import Client

from kacang.catalog.models import Product, ProductState, StockMode, Strategy
from kacang.merchants.models import Host
from kacang.merchants.tenancy import acting_as
from tests import make
from tests.make import Stocked
from tests.web.shop.conftest import Buyer, text


class TestHome:
    def test_shows_what_is_on_sale_with_its_price(self, shop, buyer):
        make.sku(shop.id, price=19800)

        page = text(buyer.get())

        assert "视频会员" in page
        assert re.search(r"¥</small>198<small>.00", page)
        assert "小鹿数卡旗舰店" in page

    def test_says_that_an_empty_shop_is_being_set_up(self, buyer):
        answer = buyer.get()

        assert answer.status_code == 200
        assert "店铺正在准备中" in text(answer)

    def test_shows_the_announcement_and_the_merchants_colour(self, shop, buyer):
        shop.choose(
            shop_announcement={"zh-Hans": "双十一 <b>特惠</b>", "en": "Sale"},
            shop_colour="#0a7a45",
            shop_name="小鹿",
        )

        page = text(buyer.get())

        assert "双十一 &lt;b&gt;特惠&lt;/b&gt;" in page
        assert "theme/0a7a45.css" in page
        assert "· 小鹿</title>" in page

    def test_marks_what_is_sold_out(self, shop, buyer):
        make.sku(shop.id, cards=0)

        assert '<span class="flag">已售罄</span>' in text(buyer.get())

    def test_counts_a_loop_card_as_in_stock_for_ever(self, shop, buyer):
        made = make.sku(shop.id, cards=0, stock_mode=StockMode.LOOP)
        make.stock(made, 1, loop=True)

        page = text(buyer.get(f"p/{made.sku.product.uid}/"))

        assert "有货" in page
        assert "已售罄" not in page

    def test_pages_a_long_shelf(self, shop, buyer):
        for _ in range(25):
            make.sku(shop.id, cards=0)

        first = text(buyer.get())
        (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
        second = text(buyer.get(following.replace("&amp;", "&")))

        assert first.count('class="good') - first.count('class="goods') == 24
        assert second.count('class="good') - second.count('class="goods') == 1


class TestCategory:
    def test_shows_only_its_own_goods(self, shop, buyer):
        made, _ = make.sku(shop.id), make.sku(shop.id)

        page = text(buyer.get(f"c/{shelf_of(made)}/"))

        assert page.count('<a class="good') == 1
        assert made.sku.product.uid in page

    def test_of_another_merchant_does_not_exist(self, buyer, other_merchant):
        theirs = make.sku(other_merchant)

        answer = buyer.get(f"c/{shelf_of(theirs)}/")

        assert answer.status_code == 404
        assert "没有找到这个页面" in text(answer)


class TestSearch:
    def test_finds_by_words_of_the_title(self, shop, buyer):
        made = make.sku(shop.id)
        with acting_as(shop.id):
            Product.objects.filter(id=made.sku.product_id).update(search_text="视频会员 video")

        page = text(buyer.get("search/?q=Video"))

        assert made.sku.product.uid in page
        assert "“Video”的搜索结果" in page

    def test_offers_other_goods_when_nothing_is_found(self, shop, buyer):
        make.sku(shop.id)

        page = text(buyer.get("search/?q=<script>"))

        assert "没有找到“&lt;script&gt;”" in page
        assert '<a class="good"' in page
        assert 'content="noindex"' in page


class TestProduct:
    def test_shows_choices_prices_stock_and_texts(self, shop, buyer):
        made = make.sku(shop.id, cards=7, price=19800, list_price_minor=25800, max_per_buyer=5)
        with acting_as(shop.id):
            Product.objects.filter(id=made.sku.product_id).update(
                description={"zh-Hans": "**官方** <script>x</script>"},
                guide={"zh-Hans": "1. 打开 App"},
            )

        page = text(buyer.get(f"p/{made.sku.product.uid}/"))

        assert "¥198.00" in page
        assert "¥258.00" in page
        assert "省 ¥60.00" in page
        assert "库存 7" in page
        assert "每人限购 5 件" in page
        assert 'max="5"' in page
        assert "<strong>官方</strong>" in page
        assert "<script>x" not in page
        assert "打开 App" in page

    def test_disables_a_choice_that_is_sold_out(self, shop, buyer):
        made = make.sku(shop.id, cards=0)

        page = text(buyer.get(f"p/{made.sku.product.uid}/"))

        assert re.search(rf'value="{made.sku.uid}" disabled', page)
        assert "已售罄" in page

    def test_is_described_for_search_engines(self, shop, buyer):
        made = make.sku(shop.id, price=19800)

        page = text(buyer.get(f"p/{made.sku.product.uid}/"))

        assert '<meta property="og:title" content="视频会员">' in page
        assert '<meta property="product:price:amount" content="198.00">' in page
        assert f'rel="canonical" href="http://127.0.0.1:8000/s/{shop.info.slug}/p/' in page

    def test_off_sale_or_of_another_merchant_does_not_exist(self, shop, buyer, other_merchant):
        made, theirs = make.sku(shop.id), make.sku(other_merchant)
        with acting_as(shop.id):
            Product.objects.filter(id=made.sku.product_id).update(state=ProductState.OFF_SALE)

        assert buyer.get(f"p/{made.sku.product.uid}/").status_code == 404
        assert buyer.get(f"p/{theirs.sku.product.uid}/").status_code == 404
        assert buyer.get("p/%00/").status_code == 404


class TestNumbers:
    def test_shows_masked_numbers_to_pick(self, shop, buyer):
        made = make.sku(shop.id, cards=70, strategy=Strategy.CHOSEN, chosen_surcharge_minor=200)
        give_numbers(shop.id)
        address = f"p/{made.sku.product.uid}/numbers/{made.sku.uid}/"

        page = text(buyer.get(address))
        picks = re.findall(r'name="pick" value="([^"]+)"', page)
        (cursor,) = re.findall(r'name="cursor" value="([^"]*)"', page)
        form = {"act": "more", "sku": made.sku.uid, "cursor": cursor, "pick": picks[:2]}
        more = buyer.get(buyer.post("cart/", form).headers["Location"])

        assert page.count("88****88") == 60
        assert "每个加 ¥2.00" in text(buyer.get(f"p/{made.sku.product.uid}/"))
        assert text(more).count("88****88") == 10
        assert "其他页已选 2 个号码" in text(more)

    def test_of_a_sku_without_choice_do_not_exist(self, shop, buyer):
        made = make.sku(shop.id)

        address = f"p/{made.sku.product.uid}/numbers/{made.sku.uid}/"

        assert buyer.get(address).status_code == 404


class TestAddresses:
    def test_a_host_of_its_own_shows_the_merchants_shop(self, shop):
        made = make.sku(shop.id)
        with acting_as(shop.id):
            Host.objects.create(merchant_id=shop.id, name=f"{shop.info.slug}.example")
        client = Client(headers={"host": f"{shop.info.slug}.example"})

        page = text(client.get("/"))

        assert f'href="/p/{made.sku.product.uid}/"' in page
        assert f'rel="canonical" href="http://{shop.info.slug}.example/"' in page

    def test_an_unknown_host_shows_the_first_shop_and_is_never_repeated(self):
        client = Client(headers={"host": "evil.example"})

        answer = client.get("/")

        assert answer.status_code == 200
        assert "evil.example" not in text(answer)

    def test_a_slug_keeps_every_link_below_itself(self, shop, buyer):
        made = make.sku(shop.id)

        for path in ("", f"p/{made.sku.product.uid}/", "cart/", "orders/", "help/"):
            links = re.findall(r'(?:href|action)="(/[^"]*)"', text(buyer.get(path)))
            outside = [
                link
                for link in links
                if not link.startswith((buyer.base, "/static/", "/language/", "/design/"))
            ]
            assert outside == []

    def test_an_unknown_slug_is_no_shop(self):
        assert Client().get("/s/nobody-here/").status_code == 404


class TestLanguage:
    def test_follows_the_browser_then_the_readers_choice(self, shop, buyer):
        made = make.sku(shop.id)
        path = f"p/{made.sku.product.uid}/"

        english = text(buyer.get(path, accept_language="en-GB"))
        chinese = text(buyer.get(path, accept_language="fr"))
        buyer.client.post("/language/", {"language": "en", "next": "/"})
        chosen = text(buyer.get(path, accept_language="zh-CN"))

        assert "Buy now" in english
        assert ">Video</h1>" in english
        assert 'lang="en"' in english
        assert "立即购买" in chinese
        assert "Buy now" in chosen

    def test_is_the_merchants_for_whoever_says_nothing(self, shop, buyer):
        shop.choose(default_language="en")

        assert "The shop is being set up" in text(buyer.get())


class TestHelp:
    def test_shows_how_to_reach_the_shop(self, shop, buyer):
        shop.choose(support_contact={"zh-Hans": "微信 deer-cards\n9:00–24:00"})

        page = text(buyer.get("help/"))

        assert "微信 deer-cards<br>9:00–24:00" in page


def test_device_is_named_once(buyer: Buyer):
    first = buyer.get().cookies["kc_device"]

    again = buyer.get()

    assert first["httponly"]
    assert first["samesite"] == "Lax"
    assert "kc_device" not in again.cookies


def give_numbers(merchant: int) -> None:
    """Let every card of the merchant have a number that buyers see masked."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "update card set number_mask = '88****88' where merchant_id = %s", [merchant]
        )


def shelf_of(made: Stocked) -> str:
    """The uid of the category of a product."""
    assert made.sku.product.category is not None
    return made.sku.product.category.uid
