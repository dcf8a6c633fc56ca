"""Finding cards at the desk: one box for a code or the end of a number (V4)."""

import re

from django.urls import reverse

from kacang.merchants import queries as merchants
from kacang.merchants.queries import AuditFilter
from kacang.merchants.tenancy import acting_as
from kacang.vault.models import TailGap
from kacang.web.console.cards import search as card_search
from tests.web.console.conftest import work_as
from tests.web.console.goods import stocked_sku

FIND = reverse("console_card_search")


def body_of(answer) -> str:
    return str(answer.content.decode())


class TestOneBox:
    def test_finds_by_code_and_by_the_end_of_the_number(self, owner, merchant):
        sku = stocked_sku(merchant, codes=["JN-0001----SECRET-AAAA", "JN-0002----SECRET-BBBB"])

        by_end = body_of(owner.post(FIND, {"code": "0002"}))
        by_code = body_of(owner.post(FIND, {"code": "JN-0001----SECRET-AAAA"}))

        assert ("JN-0002" in by_end, "JN-0001" in by_end) == (True, False)
        assert ("JN-0002" in by_code, "JN-0001" in by_code) == (False, True)
        assert "SECRET" not in by_end + by_code
        assert reverse("console_stock_sku", args=[sku]) in by_end
        assert "Available" in by_end
        assert "last four characters of the card number" in by_end

    def test_says_what_was_not_found(self, owner):
        assert "No card number ends so" in body_of(owner.post(FIND, {"code": "1234"}))
        assert "No card has this code" in body_of(owner.post(FIND, {"code": "12345"}))
        assert "Which card?" in body_of(owner.get(FIND))

    def test_pages_without_what_was_typed_in_the_address(self, owner, merchant, monkeypatch):
        monkeypatch.setattr(card_search, "PAGE", 2)
        stocked_sku(merchant, codes=[f"N{at}-7391----S{at}" for at in range(3)])

        first = body_of(owner.post(FIND, {"code": "7391"}))
        address = re.search(r'href="(\?cursor=[^"]+)"', first)
        assert address is not None
        second = body_of(owner.get(FIND + address[1]))

        assert "7391" not in address[1]
        assert [f"N{at}-7391" in first for at in range(3)] == [True, True, False]
        assert [f"N{at}-7391" in second for at in range(3)] == [False, False, True]
        assert 'href="?cursor=' not in second

    def test_shows_nothing_of_others_and_follows_no_made_up_page(
        self, merchant, other_merchant, monkeypatch
    ):
        monkeypatch.setattr(card_search, "PAGE", 1)
        stocked_sku(merchant, codes=["N1-7391----S1", "N2-7391----S2"])
        mine, theirs = work_as(merchant), work_as(other_merchant)
        page = body_of(mine.post(FIND, {"code": "7391"}))
        address = re.search(r'href="(\?cursor=[^"]+)"', page)
        assert address is not None

        assert "No card number ends so" in body_of(theirs.post(FIND, {"code": "7391"}))
        assert theirs.get(FIND + address[1]).status_code == 404
        assert mine.get(f"{FIND}?cursor=crd_0.crd_1").status_code == 404

    def test_may_be_done_by_who_sees_the_stock_so_often_in_ten_minutes(
        self, work, merchant, monkeypatch
    ):
        monkeypatch.setattr(card_search, "SEARCHES", 2)
        stocked_sku(merchant, codes=["N1-7391----S1"])
        keeper, other = work("stock_keeper"), work("stock_keeper")

        answers = [keeper.post(FIND, {"code": "7391"}) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "N1-7391" not in body_of(answers[2])
        assert other.post(FIND, {"code": "7391"}).status_code == 200
        assert keeper.get(FIND).status_code == 200
        told = merchants.audit_page(merchant_id=merchant, where=AuditFilter(action="cards.search"))
        assert [row.after for row in told.rows] == [{"search": "code_or_end", "found": 1}] * 3

    def test_is_closed_to_who_has_no_business_with_stock(self, work):
        assert work("finance").post(FIND, {"code": "7391"}).status_code == 403

    def test_says_when_older_cards_are_not_ready(self, owner, merchant):
        with acting_as(merchant):
            TailGap.objects.create(merchant_id=merchant)

        assert "still being prepared" in body_of(owner.post(FIND, {"code": "1234"}))
        assert "still being prepared" not in body_of(owner.post(FIND, {"code": "a whole code"}))
