"""X2: reviews in the shop, and at the desk that publishes them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kacang.reviews import queries
from kacang.reviews.queries import ReviewState
from tests import make
from tests.aftersales.cases import jpeg
from tests.web.console.conftest import work_as
from tests.web.shop.conftest import text

WORDS = "秒到账 <script>alert(1)</script>"


@pytest.fixture
def made(shop):
    return make.sku(shop.id, cards=2)


@pytest.fixture
def number(shop, buyer, made):
    shop.choose(reviews_on=True)
    number = buyer.buy(made)
    shop.pay(number)
    return number


def write(buyer, number, **changes):
    picture = SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg")
    return buyer.post(
        f"orders/{number}/review/1/", {"stars": "4", "text": WORDS, "pictures": picture, **changes}
    )


def test_from_the_order_by_the_desk_to_the_product(shop, buyer, made, number):
    product = f"p/{made.sku.product.uid}/"
    assert f"orders/{number}/review/1/" in text(buyer.get(f"orders/{number}/"))
    assert buyer.get(f"orders/{number}/review/1/").status_code == 200
    assert write(buyer, number).status_code == 302
    assert f"orders/{number}/review/1/" not in text(buyer.get(f"orders/{number}/"))
    assert "秒到账" not in text(buyer.get(product))

    desk = work_as(shop.id, "customer_service")
    (waiting,) = queries.queue(merchant_id=shop.id, state=ReviewState.WAITING).rows
    assert "秒到账" in text(desk.get("/console/reviews/"))
    assert desk.get(f"/console/reviews/pictures/{waiting.pictures[0]}").status_code == 200
    assert buyer.get(f"reviews/{waiting.pictures[0]}").status_code == 404
    assert desk.post(f"/console/reviews/{waiting.uid}/publish/").status_code == 302
    desk.post(f"/console/reviews/{waiting.uid}/answer/", {"text": "感谢支持"})

    page = text(buyer.get(product))
    assert "秒到账 &lt;script&gt;" in page
    assert '<meta itemprop="ratingValue" content="4.0">' in page
    assert '<meta itemprop="reviewCount" content="1">' in page
    assert "感谢支持" in page
    assert buyer.get(f"reviews/{waiting.pictures[0]}")["Content-Type"] == "image/webp"
    desk.post(f"/console/reviews/{waiting.uid}/hide/", {"text": "含广告"})
    assert "秒到账" not in text(buyer.get(product))
    shop.choose(reviews_on=False)


def test_nothing_of_it_is_there_where_it_is_off(shop, buyer, made, number):
    shop.choose(reviews_on=False)

    assert "买家评价" not in text(buyer.get(f"p/{made.sku.product.uid}/"))
    assert f"orders/{number}/review/1/" not in text(buyer.get(f"orders/{number}/"))
    assert write(buyer, number).status_code in (302, 409)
    assert queries.counts(merchant_id=shop.id)[ReviewState.WAITING] == 0


@pytest.mark.parametrize(
    "changes",
    [{"stars": "9"}, {"text": "长" * 1001},
     {"pictures": SimpleUploadedFile("a.jpg", b"<svg>", "image/jpeg")}],
)  # fmt: skip
def test_nonsense_is_refused_in_words(shop, buyer, number, changes):
    assert write(buyer, number, **changes).status_code == 422
    assert queries.counts(merchant_id=shop.id)[ReviewState.WAITING] == 0


def test_strangers_write_none(shop, number):
    assert write(shop.buyer(), number).status_code == 403
    assert queries.counts(merchant_id=shop.id)[ReviewState.WAITING] == 0


def test_others_at_the_desk_do_not_moderate(shop):
    assert work_as(shop.id, "warehouse").get("/console/reviews/").status_code == 403
