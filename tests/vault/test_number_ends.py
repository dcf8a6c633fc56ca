"""V4: cards are found by the last four characters of their number, which lie nowhere."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang import jobs
from kacang.merchants.keys import cipher_for, lock_resealing
from kacang.merchants.queries import AuditFilter, audit_page
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.outbox import queries as outbox
from kacang.outbox import rotating, work
from kacang.outbox.queries import WorkState
from kacang.shared.ciphers import MerchantCipher, new_key
from kacang.vault import operations, queries
from kacang.vault.finding import tail_filling
from kacang.vault.finding.tails import tail_of, tail_print
from kacang.vault.imports.arriving import Incoming
from kacang.vault.models import TailGap
from kacang.vault.queries import CardFilter, CardState
from tests import make as shop
from tests.threads import at_once
from tests.vault.conftest import ACTOR

NUMBER = st.text("0129 aBé卡+", min_size=1, max_size=9).filter(lambda text: text.strip())


def search(merchant: int, text: str, **values: Any) -> list[str]:
    page = operations.search_cards(merchant_id=merchant, actor=ACTOR, text=text, **values)
    return [card.shown_number for card in page.items]


def rows(merchant: int, text: str, *values: Any) -> list[Any]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(text, [merchant, *values])
        return list(cursor.fetchall()) if cursor.description else []


def forget_tails(merchant: int) -> None:
    """As though the cards had come in before there were prints."""
    rows(merchant, "update card set tail_print = null where merchant_id = %s::bigint")
    with acting_as(merchant):
        TailGap.objects.create(merchant_id=merchant)


def fill(merchant: int) -> outbox.WorkView:
    uid = operations.fill_tails(merchant_id=merchant)
    operations.run_fill_tails(merchant_id=merchant, work_uid=uid)
    return outbox.work(merchant_id=merchant, uid=uid)


class TestTails:
    def test_are_the_last_four_characters_whatever_stands_between_them(self):
        assert tail_of("6222 0210 0112 3456") == tail_of(" 63456\t") == "3456"
        assert tail_of("12 3") == tail_of("") == ""
        assert tail_of("é卡AbC") == "卡AbC"

    def test_prints_differ_by_key_case_and_purpose(self):
        one, other = (MerchantCipher(1, {}, 1, key) for key in (b"a" * 32, b"b" * 32))

        assert tail_print(one, "99993456") == tail_print(one, "3456")
        assert tail_print(one, "3456") != tail_print(other, "3456")
        assert tail_print(one, "abcd") != tail_print(one, "abcD")
        assert tail_print(one, None) is tail_print(one, "123") is None
        whole = one.fingerprint(b"3456")
        assert one.short_print("x", b"3456") not in {
            tail_print(one, "3456"),
            int.from_bytes(whole[:8], "big", signed=True),
        }

    def test_ten_thousand_ends_of_digits_have_as_many_prints(self):
        cipher = MerchantCipher(1, {}, 1, new_key())

        assert len({tail_print(cipher, f"{end:04}") for end in range(10_000)}) == 10_000

    @settings(
        max_examples=12, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(numbers=st.lists(NUMBER, min_size=1, max_size=12), is_secret=st.booleans(),
           ends=st.text("0129aBé卡+", min_size=4, max_size=4))  # fmt: skip
    def test_find_exactly_the_cards_whose_number_ends_so(
        self, merchant, make, numbers, is_secret, ends
    ):
        sku = make.sku(number_is_secret=is_secret)
        key = secrets.token_hex(4)
        lines = [f"{number}----{key}-{at}" for at, number in enumerate(numbers)]
        batch = make.imported(sku, lines, wishes=operations.Wishes(separator="----"))
        uid = batch.result["batch"]
        asked = {ends, *filter(None, map(tail_of, numbers))}

        for end in asked:
            page = operations.cards_ending(
                merchant_id=merchant, actor=ACTOR, ends=end, wanted=CardFilter(batch_uid=uid)
            )
            found = sorted(card.uid for card in page.items)
            wanted = sorted(
                card.uid
                for card, number in zip(make.cards(uid), numbers, strict=True)
                if "".join(number.split()).endswith(end)
            )
            assert found == wanted


class TestSearch:
    def test_finds_open_and_secret_numbers_in_every_state_and_masks_them(self, merchant, make):
        hidden, plain = make.sku(number_is_secret=True), make.sku()
        make.imported(hidden, ["66667777----a1", "66668888----a2"])
        make.imported(plain, ["55557777----b1", "7777----b2", "777----b3"])
        make.imported(plain, ["NO-NUMBER-7777"])
        (card,) = queries.find_cards(merchant_id=merchant, code="b2", number="7777")
        operations.void_cards(merchant_id=merchant, card_uids=[card.uid], actor=ACTOR, reason="x")

        page = operations.search_cards(merchant_id=merchant, actor=ACTOR, text=" 77 77")

        assert [(card.shown_number, card.state) for card in page.items] == [
            ("66****77", CardState.AVAILABLE),
            ("55557777", CardState.AVAILABLE),
            ("7777", CardState.VOID),
        ]
        assert page.next_cursor == ""

    def test_takes_four_characters_for_an_end_or_a_code(self, merchant, make):
        sku = make.sku()
        make.imported(sku, ["ABCD", "ABCDE"])
        make.imported(sku, ["N-ABCD----s1"])

        assert search(merchant, "ABCD") == ["", "N-ABCD"]
        assert (
            search(merchant, "BCD") == search(merchant, "-ABCD") == search(merchant, "%BCD") == []
        )
        assert search(merchant, "abcd") == []
        assert search(merchant, "ABCDE") == [""]

    def test_is_blind_to_other_merchants(self, merchant, other_merchant, make):
        make.imported(make.sku(), ["N-1234----s1"])

        assert search(merchant, "1234") == ["N-1234"]
        assert search(other_merchant, "1234") == []

    def test_goes_on_page_by_page_without_what_was_typed(self, merchant, make, other_merchant):
        sku = make.sku()
        make.imported(sku, [f"N{at}-9999----s{at}" for at in range(5)])

        seen, cursor = [], ""
        for _ in range(3):
            page = operations.search_cards(
                merchant_id=merchant, actor=ACTOR, text="" if cursor else "9999", cursor=cursor,
                limit=2,
            )  # fmt: skip
            cursor = page.next_cursor
            seen += [card.shown_number for card in page.items]

        assert cursor == ""
        assert seen == [f"N{at}-9999" for at in range(5)]
        first = operations.cards_ending(
            merchant_id=merchant, actor=ACTOR, ends="9999", wanted=CardFilter(), limit=2
        )
        assert "9999" not in first.next_cursor
        for who, cursor, ends in (
            (other_merchant, first.next_cursor, "9999"),
            (merchant, first.next_cursor, "9998"),
            (merchant, "crd_0.crd_1", "9999"),
        ):
            with pytest.raises(operations.UnknownCard):
                operations.cards_ending(
                    merchant_id=who, actor=ACTOR, ends=ends, wanted=CardFilter(), cursor=cursor
                )

    def test_narrows_by_the_same_filters_as_a_list(self, merchant, make):
        one, other = make.sku(), make.sku()
        until = datetime.now(UTC) + timedelta(days=3)
        lot = operations.Purchase(supplier="蜂鸟", valid_until=until)
        make.imported(one, ["A-1234----s1"], purchase=lot)
        make.imported(other, ["B-1234----s2"])

        def found(**wanted: Any) -> list[str]:
            page = operations.cards_ending(
                merchant_id=merchant, actor=ACTOR, ends="1234", wanted=CardFilter(**wanted)
            )
            return [card.shown_number for card in page.items]

        assert found() == ["A-1234", "B-1234"]
        assert found(sku_id=make.sku_id(other)) == ["B-1234"]
        assert found(supplier="蜂鸟") == found(expires_to=until + timedelta(1)) == ["A-1234"]
        assert found(states=(CardState.SOLD,)) == found(supplier="nobody") == []
        with pytest.raises(queries.UnknownBatch):
            found(batch_uid="bat_none")

    def test_writes_down_who_searched_how_and_not_for_what(self, merchant, make):
        make.imported(make.sku(), ["N-7391----SECRET-CODE-1"])

        search(merchant, "7391")
        search(merchant, "N-7391----SECRET-CODE-1")

        told = [
            (entry.actor_label, entry.after)
            for entry in audit_page(
                merchant_id=merchant, where=AuditFilter(action="cards.search")
            ).rows
        ]
        assert told == [
            ("lu@example.com", {"search": "code", "found": 1}),
            ("lu@example.com", {"search": "code_or_end", "found": 1}),
        ]
        kept = rows(merchant, "select a::text from audit_entry a where merchant_id = %s::bigint")
        assert not any("7391" in text or "SECRET" in text for (text,) in kept)


class TestEveryWayIn:
    def test_generated_moved_and_taken_back_cards(self, merchant, make):
        sku = make.sku(number_is_secret=True)
        made = make.generated(sku, 40, "X{16}", number_pattern="JN-#{10}")
        numbers = [card.number for card in make.opened(made.result["batch"])]
        moved = Incoming("k", operations.Entry(1, "OLD-4711", "moved", None, ""))
        uid = work.start(merchant_id=merchant, kind="orders.move", arguments={}, actor=ACTOR)
        task = work.begin(merchant_id=merchant, uid=uid)
        assert task is not None
        with acting_as(merchant):
            operations.bring_in(
                merchant_id=merchant, sku_uid=sku, state=CardState.SOLD, cards=[moved],
                arrival=operations.Arrival("move", task.id, "test"),
            )  # fmt: skip

        for number in numbers:
            assert f"JN****{number[-2:]}" in search(merchant, number[-4:])
        assert "OL****11" in search(merchant, "4711")

        operations.undo_batch(
            merchant_id=merchant, batch_uid=str(made.result["batch"]), actor=ACTOR
        )

        assert "OL****11" in search(merchant, "4711")
        assert [search(merchant, number[-4:]) for number in numbers] == [
            ["OL****11"] if number.endswith("4711") else [] for number in numbers
        ]
        left = rows(
            merchant,
            "select count(*) from card where merchant_id = %s::bigint and tail_print is not null",
        )
        assert left == [(1,)]

    def test_cards_that_went_elsewhere_and_are_sealed_anew_are_still_found(self, merchant, make):
        sku, other = make.sku(number_is_secret=True), make.sku(number_is_secret=True)
        batch = make.imported(sku, [f"N-00{at}----s{at}" for at in range(10, 13)])
        request = operations.ChangeRequest(
            operations.Change.OTHER_SKU, "x", batch_uid=str(batch.result["batch"]),
            terms=operations.Terms(sku_uid=other),
        )  # fmt: skip
        uid = operations.change_cards(merchant_id=merchant, actor=ACTOR, request=request)
        operations.run_change(merchant_id=merchant, work_uid=uid)
        rotation = rotating.start_rotation(merchant_id=merchant, actor=ACTOR, reason="x")
        rotating.run_rotation(merchant_id=merchant, work_uid=rotation, tables=jobs.SEALED)

        page = operations.search_cards(merchant_id=merchant, actor=ACTOR, text="0011")

        (card,) = page.items
        assert card.sku_id == make.sku_id(other)
        assert card.batch_uid != batch.result["batch"]


class TestOlderCards:
    def test_are_found_once_a_job_has_printed_them(self, merchant, make):
        hidden, plain = make.sku(number_is_secret=True), make.sku()
        make.imported(hidden, [f"H-{at:04}----h{at}" for at in range(300)])
        make.imported(plain, ["P-0007----p", "77----q"])
        make.imported(plain, ["NO-NUMBER"])
        whole = rows(merchant, "select id, tail_print from card where merchant_id = %s::bigint")
        forget_tails(merchant)
        assert search(merchant, "0007") == []
        assert queries.is_filling(merchant_id=merchant)

        done = fill(merchant)

        assert done.state == WorkState.DONE
        assert done.result == {"printed": 302}
        again = rows(merchant, "select id, tail_print from card where merchant_id = %s::bigint")
        assert sorted(again) == sorted(whole)
        assert search(merchant, "0007") == ["H****", "P-0007"]
        assert not queries.is_filling(merchant_id=merchant)
        assert operations.fill_tails(merchant_id=merchant) == ""

    def test_goes_on_where_it_was_cut_off_and_anew_when_it_was_stopped(
        self, merchant, make, monkeypatch
    ):
        monkeypatch.setattr(tail_filling, "CHUNK", 10)
        make.imported(make.sku(), [f"P-{at:04}----p{at}" for at in range(45)])
        forget_tails(merchant)
        uid = operations.fill_tails(merchant_id=merchant)
        assert operations.fill_tails(merchant_id=merchant) == ""
        printed = tail_print

        def dies(cipher: Any, number: str) -> int | None:
            if number == "P-0025":
                raise KeyboardInterrupt
            return printed(cipher, number)

        monkeypatch.setattr(tail_filling, "tail_print", dies)
        with pytest.raises(KeyboardInterrupt):
            operations.run_fill_tails(merchant_id=merchant, work_uid=uid)
        monkeypatch.setattr(tail_filling, "tail_print", printed)
        half = outbox.work(merchant_id=merchant, uid=uid)
        assert (half.done, half.total) == (20, 45)
        assert (search(merchant, "0019"), search(merchant, "0020")) == (["P-0019"], [])

        work.ask_to_cancel(merchant_id=merchant, uid=uid)
        operations.run_fill_tails(merchant_id=merchant, work_uid=uid)
        stopped = outbox.work(merchant_id=merchant, uid=uid)
        assert (stopped.state, stopped.result) == (WorkState.CANCELLED, {"printed": 30})

        assert fill(merchant).result == {"printed": 15}
        assert [search(merchant, f"{at:04}") for at in range(45)] == [
            [f"P-{at:04}"] for at in range(45)
        ]

    def test_leave_a_batch_that_is_taken_back_meanwhile_empty(self, merchant, make, monkeypatch):
        batch = make.imported(make.sku(number_is_secret=True), ["P-0001----p"])
        forget_tails(merchant)
        printed = tail_print

        def meanwhile(cipher: Any, number: str) -> int | None:
            operations.undo_batch(
                merchant_id=merchant, batch_uid=str(batch.result["batch"]), actor=ACTOR
            )
            return printed(cipher, number)

        monkeypatch.setattr(tail_filling, "tail_print", meanwhile)
        fill(merchant)

        kept = rows(
            merchant, "select tail_print, number_mask from card where merchant_id = %s::bigint"
        )
        assert kept == [(None, None)]

    def test_the_last_card_is_sold_while_it_is_being_written(self, merchant, monkeypatch):
        made = shop.sku(merchant, cards=1, price=0)
        with acting_as(merchant):
            TailGap.objects.create(merchant_id=merchant)
        held, go = threading.Event(), threading.Event()

        def write() -> None:
            with acting_as(merchant), connection.cursor() as cursor:
                lock_resealing(merchant)
                cursor.execute(
                    "update card set tail_print = null where merchant_id = %s::bigint", [merchant]
                )
                held.set()
                assert go.wait(20)

        def tell(merchant_id: int) -> bool:
            go.set()
            return tail_filling.outlast_writing(merchant_id)

        monkeypatch.setattr("kacang.orders.buying.placing.outlast_writing", tell)

        def buy() -> str:
            assert held.wait(20)
            request = shop.request(made)
            return orders.place_order(merchant_id=merchant, request=request).state.name

        assert at_once([write, buy])[1] == "DELIVERED"

    def test_the_key_of_the_prints_is_no_other_key(self, merchant):
        cipher = cipher_for(merchant)
        assert tail_print(cipher, "1234") != cipher.short_print("card ids", b"1234")
