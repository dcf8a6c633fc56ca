"""Products, categories and pictures at the desk."""

import io

import pytest
from PIL import Image

from kacang.catalog import queries
from kacang.catalog.queries import DeliveryWay, ProductFilter, ProductState, StockMode, Strategy
from kacang.shared.texts import both
from tests.web.console.conftest import work_as


def sku(number, **values):
    fields = {
        "uid": "", "title_zh": "年卡", "title_en": "One year", "price": "198.00", "list_price": "",
        "on_sale": "on", "low_stock_at": "10", "cost": "120", "min_per_order": "1",
        "max_per_order": "5", "max_per_buyer": "", "strategy": "1", "stock_mode": "0",
        "surcharge": "",
    } | values  # fmt: skip
    return {f"sku-{number}-{name}": value for name, value in fields.items()}


def product(*rows, fields=0, **values):
    posted = {
        "title_zh": "视频会员 · 年卡", "title_en": "Video, one year", "subtitle_zh": "自动发货",
        "subtitle_en": "", "kind": "code", "category": "", "cover": "video", "position": "0",
        "description_zh": "**买前**看", "description_en": "", "guide_zh": "打开应用",
        "guide_en": "",
        "sku-TOTAL_FORMS": str(len(rows)), "sku-INITIAL_FORMS": "0",
        "field-TOTAL_FORMS": str(fields), "field-INITIAL_FORMS": "0",
    }  # fmt: skip
    for row in rows:
        posted |= row
    return posted | values


def picture(colour: str = "red") -> io.BytesIO:
    body = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(body, "PNG")
    body.seek(0)
    body.name = "picture.png"
    return body


def only(merchant_id):
    page = queries.products_page(merchant_id=merchant_id, where=ProductFilter())
    assert len(page.items) == 1
    return page.items[0]


@pytest.fixture
def made(owner, merchant):
    owner.post("/console/products/new/", product(sku(0)))
    return only(merchant)


class TestDeliveryWay:
    def posted(self, **values):
        return product(sku(0, stock_mode="2", strategy="0"), kind="goods", **values)

    def test_O3_goods_go_by_courier_where_the_merchant_says_so(self, owner, merchant):
        owner.post("/console/products/new/", self.posted(delivery_way="courier"))

        found = only(merchant)
        page = owner.get(f"/console/products/{found.uid}/").content.decode()
        assert found.delivery_way is DeliveryWay.COURIER
        assert '<option value="courier" selected' in page

    def test_O3_without_a_word_they_are_handed_over(self, owner, merchant):
        owner.post("/console/products/new/", self.posted())

        assert only(merchant).delivery_way is DeliveryWay.HANDED

    def test_O3_codes_go_by_no_courier(self, owner, merchant):
        answer = owner.post(
            "/console/products/new/", product(sku(0), kind="code", delivery_way="courier")
        )

        assert answer.status_code == 422
        assert "Only goods from a warehouse go by courier." in answer.content.decode()
        page = queries.products_page(merchant_id=merchant, where=ProductFilter())
        assert page.items == ()

    def test_O3_nor_does_anything_unheard_of(self, owner, merchant):
        owner.post("/console/products/new/", self.posted(delivery_way="pigeon"))

        page = queries.products_page(merchant_id=merchant, where=ProductFilter())
        assert page.items == ()


class TestProductPage:
    def test_makes_a_product_with_its_skus_at_once(self, owner, merchant):
        rows = (sku(0), sku(1, title_zh="月卡", title_en="", price="19.9", strategy="2"))

        answer = owner.post("/console/products/new/", product(*rows))

        found = only(merchant)
        assert answer.status_code == 302
        assert answer["Location"] == f"/console/products/{found.uid}/"
        assert found.title == both("视频会员 · 年卡", "Video, one year")
        assert found.state is ProductState.OFF_SALE
        assert [(item.price.minor, item.strategy) for item in found.skus] == [
            (19_800, Strategy.FIRST_IN),
            (1_990, Strategy.SOONEST_EXPIRY),
        ]
        assert [item.position for item in found.skus] == [0, 1]

    def test_loses_nothing_that_was_written_when_a_price_is_wrong(self, owner, merchant):
        posted = product(sku(0, price="12,3x"), sku(1, title_zh="季卡"))

        answer = owner.post("/console/products/new/", posted)

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "This is not an amount." in page
        assert 'value="12,3x"' in page
        assert 'value="季卡"' in page
        assert "**买前**看" in page
        assert queries.state_counts(merchant_id=merchant)[ProductState.OFF_SALE] == 0

    def test_refuses_limits_and_prices_against_each_other(self, owner, merchant):
        posted = product(sku(0, min_per_order="6", list_price="10"))

        page = owner.post("/console/products/new/", posted).content.decode()

        assert "Less than the least per order." in page
        assert "Lower than the price." in page
        assert queries.state_counts(merchant_id=merchant)[ProductState.OFF_SALE] == 0

    def test_leaves_out_a_new_row_that_stayed_empty(self, owner, merchant):
        empty = sku(1, title_zh="", title_en="", price="", low_stock_at="", cost="",
                    max_per_order="100", strategy="0")  # fmt: skip

        owner.post("/console/products/new/", product(sku(0), empty))

        assert len(only(merchant).skus) == 1

    def test_changes_a_sku_but_never_its_stock_mode(self, owner, merchant, made):
        posted = product(
            sku(0, uid=made.skus[0].uid, price="188", stock_mode="1"), title_zh="新名字"
        )

        answer = owner.post(f"/console/products/{made.uid}/", posted)

        found = only(merchant)
        assert answer.status_code == 302
        assert found.title["zh-Hans"] == "新名字"
        assert found.skus[0].price.minor == 18_800
        assert found.skus[0].stock_mode is StockMode.CARDS

    def test_asks_the_buyer_questions_in_their_order(self, owner, merchant):
        posted = product(sku(0), fields=2)
        for number, (name, kind, order) in enumerate(
            [("server", "select", 2), ("account", "text", 1)]
        ):
            posted |= {
                f"field-{number}-name": name, f"field-{number}-label_zh": name,
                f"field-{number}-kind": kind, f"field-{number}-required": "on",
                f"field-{number}-options": "一区\n二区" if kind == "select" else "",
                f"field-{number}-ORDER": str(order),
            }  # fmt: skip

        owner.post("/console/products/new/", posted)

        found = only(merchant).form_fields
        assert [(item.name, item.options) for item in found] == [
            ("account", ()),
            ("server", ("一区", "二区")),
        ]

    def test_refuses_the_sku_of_another_product(self, owner, merchant, other_merchant, made):
        from_elsewhere = "sku_00000000000000000000"

        answer = owner.post(
            f"/console/products/{made.uid}/", product(sku(0, uid=from_elsewhere, price="1"))
        )

        assert answer.status_code == 422
        assert only(merchant).skus[0].price.minor == 19_800

    def test_goes_on_and_off_sale_and_into_the_archive(self, owner, merchant, made):
        for state in ("on_sale", "archived", "off_sale"):
            owner.post(f"/console/products/{made.uid}/state/", {"state": state})
            found = queries.product(merchant_id=merchant, uid=made.uid)
            assert found.state.name.lower() == state

    def test_shows_markdown_without_its_dangers(self, owner):
        answer = owner.post(
            "/console/products/preview/", {"description_zh": "**bold** <script>x</script>"}
        )

        assert "<strong>bold</strong>" in answer.content.decode()
        assert "<script" not in answer.content.decode()

    def test_sends_the_reader_nowhere_else_after_an_act(self, owner, made):
        answer = owner.post(
            f"/console/products/{made.uid}/state/",
            {"state": "on_sale", "next": "//evil.example/console/"},
        )

        assert answer["Location"] == f"/console/products/{made.uid}/"


class TestProductList:
    def test_finds_by_words_and_keeps_the_archived_apart(self, owner, made):
        assert "Video, one year" in owner.get("/console/products/?q=视频").content.decode()
        assert "No product fits" in owner.get("/console/products/?q=nothing").content.decode()
        assert "No product fits" in owner.get("/console/products/?state=archived").content.decode()


class TestPictures:
    def test_adds_orders_and_removes(self, owner, merchant, made):
        address = f"/console/products/{made.uid}/"
        owner.post(f"{address}pictures/", {"pictures": [picture("red"), picture("blue")]})
        first, second = (item.name for item in only(merchant).pictures)

        owner.post(f"{address}pictures/{second}/move/", {"step": "-1"})
        assert [item.name for item in only(merchant).pictures] == [second, first]

        shown = owner.get(f"/console/products/pictures/{second}")
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")

        owner.post(f"{address}pictures/{second}/remove/")
        assert [item.name for item in only(merchant).pictures] == [first]

    def test_names_a_file_that_is_no_picture(self, owner, merchant, made):
        wrong = io.BytesIO(b"<svg onload=alert(1)>")
        wrong.name = "evil.svg"

        answer = owner.post(
            f"/console/products/{made.uid}/pictures/", {"pictures": [wrong]}, follow=True
        )

        assert "evil.svg" in answer.content.decode()
        assert only(merchant).pictures == ()


class TestCategories:
    def test_adds_renames_orders_and_deletes(self, owner, merchant):
        for name in ("视频", "游戏"):
            owner.post(
                "/console/products/categories/new/", {"new-title_zh": name, "new-title_en": ""}
            )
        first, second = queries.categories(merchant_id=merchant)

        owner.post(
            f"/console/products/categories/{first.uid}/", {"title_zh": "影音", "title_en": "Video"}
        )
        owner.post(f"/console/products/categories/{second.uid}/move/", {"step": "-1"})
        found = queries.categories(merchant_id=merchant)
        assert [item.title for item in found] == [both("游戏"), both("影音", "Video")]

        owner.post(f"/console/products/categories/{second.uid}/delete/")
        assert [item.uid for item in queries.categories(merchant_id=merchant)] == [first.uid]

    def test_keeps_a_category_that_has_products(self, owner, merchant):
        owner.post(
            "/console/products/categories/new/", {"new-title_zh": "视频", "new-title_en": ""}
        )
        shelf = queries.categories(merchant_id=merchant)[0]
        owner.post("/console/products/new/", product(sku(0), category=shelf.uid))

        owner.post(f"/console/products/categories/{shelf.uid}/delete/")

        assert [item.uid for item in queries.categories(merchant_id=merchant)] == [shelf.uid]


class TestWhoMay:
    @pytest.mark.parametrize(
        ("path", "role", "status"),
        [
            ("/console/products/", "sales", 200),
            ("/console/products/", "finance", 403),
            ("/console/products/new/", "sales", 403),
            ("/console/products/new/", "owner", 200),
            ("/console/products/categories/", "clerk", 403),
            ("/console/blacklist/", "owner", 200),
            ("/console/blacklist/", "order_operator", 403),
            ("/console/payments/accounts/", "finance", 200),
            ("/console/payments/accounts/", "sales", 403),
        ],
    )
    def test_page_by_role(self, work, path, role, status):
        assert work(role).get(path).status_code == status

    def test_a_reader_cannot_write(self, work, merchant, made):
        answer = work("sales").post(f"/console/products/{made.uid}/", product(sku(0, price="1")))

        assert answer.status_code == 403
        assert only(merchant).skus[0].price.minor == 19_800

    def test_another_shops_product_is_not_there(self, made, other_merchant):
        stranger = work_as(other_merchant)

        assert stranger.get(f"/console/products/{made.uid}/").status_code == 404
        posted = stranger.post(f"/console/products/{made.uid}/state/", {"state": "on_sale"})
        assert posted.status_code == 404
