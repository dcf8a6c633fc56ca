"""S5 at the desk: the list with its filters, where its numbers lead, the file."""

import io
import re

from python_calamine import CalamineWorkbook

from tests import make
from tests.stock.conftest import Make

PAGE = "/console/stock/purchase/"


class TestPage:
    def test_shows_what_to_buy_and_where_each_number_comes_from(self, merchant, owner):
        made = make.sku(merchant, cards=3)
        goods = Make(merchant)
        box = goods.goods()
        goods.received(box, 5, cost=100)

        page = owner.get(PAGE).content.decode()

        for url in (
            f"/console/stock/cards/?sku={made.sku.uid}&amp;state=available",
            f"/console/stock/cards/?sku={made.sku.uid}&amp;state=sold",
            f"/console/stock/batches/{made.batch.uid}/",
            f"/console/stock/goods/{box}/",
        ):
            assert url in page
            assert owner.get(url.replace("&amp;", "&")).status_code == 200

    def test_filters_are_in_the_address(self, merchant, owner):
        make.sku(merchant, cards=3)
        Make(merchant).goods()

        goods = owner.get(f"{PAGE}?kind=goods").content.decode()
        needed = owner.get(f"{PAGE}?needed=1").content.decode()
        nonsense = owner.get(f"{PAGE}?kind=x&span=9&page=-1&supplier=%00")

        assert "一箱" in goods
        assert "Year" not in goods
        assert "Nothing to buy fits" in needed
        assert nonsense.status_code == 400 or "Nothing to buy fits" in nonsense.content.decode()
        assert re.search(r'href="\?kind=goods&amp;format=xlsx"', goods)

    def test_the_file_has_all_that_fits(self, merchant, owner):
        goods = Make(merchant)
        for _ in range(60):
            goods.goods()

        page = owner.get(PAGE).content.decode()
        answer = owner.get(f"{PAGE}?format=xlsx")

        assert page.count('<td class="lead">') == 50
        assert owner.get(f"{PAGE}?page=1").content.decode().count('<td class="lead">') == 10
        assert answer["Content-Disposition"] == 'attachment; filename="purchase-list.xlsx"'
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        assert len(book.get_sheet_by_index(0).to_python()) == 61

    def test_is_for_those_who_see_stock(self, merchant, other_merchant, owner, work):
        make.sku(other_merchant, cards=1)

        assert "No stock to keep yet" in owner.get(PAGE).content.decode()
        assert work("stock_keeper").get(PAGE).status_code == 200
        assert work("sales").get(PAGE).status_code == 403
        assert work("sales").get(f"{PAGE}?format=xlsx").status_code == 403
