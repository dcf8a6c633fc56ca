"""Moving here from other systems (V7). The dumps are written by hand after the public schemas."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from rustpy_xlsxwriter import write_worksheets

from kacang.catalog import queries as catalog
from kacang.ledger.models import Transfer
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries
from kacang.orders.checking import check_references
from kacang.orders.models import Moved, Order, OrderState, UnitState
from kacang.orders.types import Credentials
from kacang.outbox import files
from kacang.outbox import queries as outbox
from kacang.outbox.queries import WorkState, WorkView
from kacang.vault.models import Allocation, Batch, Card, CardState
from kacang.vault.operations import open_cards
from kacang.vault.queries import stock_levels

DUMPS = Path(__file__).parent / "dumps"
ACG = (DUMPS / "acg-faka.sql").read_text(encoding="utf-8")
DUJIAOKA = (DUMPS / "dujiaoka.sql").read_text(encoding="utf-8")
NEXT = (DUMPS / "dujiao-next.sql").read_text(encoding="utf-8")


def move(merchant: int, system: str, body: str | bytes) -> WorkView:
    content = body.encode() if isinstance(body, str) else body
    file_uid = files.store(merchant_id=merchant, purpose="move", name="dump", content=content)
    uid = operations.start_move(
        merchant_id=merchant, actor=SYSTEM, system=system, file_uid=file_uid
    )
    operations.run_move(merchant_id=merchant, work_uid=uid)
    return outbox.work(merchant_id=merchant, uid=uid)


def codes(merchant: int, number: str) -> list[str]:
    found = operations.deliveries(merchant_id=merchant, number=number, actor=SYSTEM)
    return [item.secret for item in found]


def counted(merchant: int) -> dict[str, int]:
    """How many rows of everything that a move may write."""
    with acting_as(merchant):
        found = {
            model.__name__: model.objects.filter(merchant_id=merchant).count()
            for model in (Moved, Order, Card, Allocation, Batch, Transfer)
        }
        found["skus"] = len(catalog.all_skus(merchant_id=merchant))
    return found


def states(merchant: int) -> dict[str, int]:
    with acting_as(merchant):
        rows = Card.objects.filter(merchant_id=merchant).values_list("state", flat=True)
        return {state.name: list(rows).count(state) for state in CardState if state in rows}


def test_a_shop_of_acg_faka_comes_over_whole(merchant):
    ended = move(merchant, "acg-faka", ACG)
    assert ended.state is WorkState.DONE
    assert {key: ended.result[key] for key in ("products", "cards", "orders", "unpaid")} == {
        "products": 3,
        "cards": 6,
        "orders": 2,
        "unpaid": 1,
    }
    assert ended.result["reasons"] == {
        "bad_amount": 1,
        "columns": 1,
        "duplicate_in_vault": 1,
        "missing_secret": 1,
        "order_open": 1,
        "unknown_sku": 1,
    }
    assert states(merchant) == {"AVAILABLE": 2, "SOLD": 3, "FROZEN": 1}
    skus = {sku.title["zh-Hans"]: sku for sku in catalog.all_skus(merchant_id=merchant)}
    assert {name: sku.price.minor for name, sku in skus.items()} == {
        "月卡": 990, "年卡": 9900, "软件": 500,
    }  # fmt: skip
    product = catalog.product(merchant_id=merchant, uid=skus["软件"].product_uid)
    assert product.description["zh-Hans"] == "一次性\n激活"
    assert product.state == 0
    assert check_references(merchant_id=merchant) == []


def test_a_moved_password_is_hashed_slowly_once_it_has_opened_its_order(merchant, other_merchant):
    move(merchant, "acg-faka", ACG)
    move(other_merchant, "acg-faka", ACG)
    number = "1240501100000000001"

    def stored(owner: int) -> str:
        with acting_as(owner):
            return Order.objects.get(merchant_id=owner, number=number).password_hash

    def opens(password: str) -> bool:
        return operations.check_access(
            merchant_id=merchant, number=number, credentials=Credentials(password=password)
        )

    fast = stored(merchant)
    assert fast.startswith("moved$")
    assert fast != stored(other_merchant)
    assert not opens("falsch")
    assert not opens(fast)
    assert stored(merchant) == fast
    assert opens("geheim")
    assert stored(merchant).startswith("argon2$")
    assert opens("geheim")
    assert not opens("falsch")


def test_the_buyer_finds_the_codes_by_the_old_number_and_password(merchant):
    move(merchant, "acg-faka", ACG)
    number = "1240501100000000001"
    found = queries.find_for_lookup(
        merchant_id=merchant, number=number, contact_text="buyer@example.com"
    )
    assert found is not None
    assert found.state is OrderState.COMPLETED
    assert found.channel == "moved"
    assert found.payable.minor == 990
    # 10:00 in Shanghai.
    assert found.paid_at == datetime(2024, 5, 1, 2, 0, tzinfo=UTC)
    asked = {"merchant_id": merchant, "number": number}
    assert operations.check_access(**asked, credentials=Credentials(password="geheim"))
    assert not operations.check_access(**asked, credentials=Credentials(password="falsch"))
    assert codes(merchant, number) == ["BBBB-2"]
    # The cards of this order are nowhere but in its text; 10.01 for two is 5.01 less a cent.
    other = queries.order(merchant_id=merchant, number="1240501100000000002")
    assert codes(merchant, other.number) == ["F-1", "F-2"]
    assert (other.lines[0].unit_price.minor, other.payable.minor) == (501, 1001)
    assert (other.form, other.contact.phone) == ({"contact": "wx: 鹿"}, "")


def test_codes_are_byte_for_byte_and_sealed(merchant):
    move(merchant, "acg-faka", ACG)
    with acting_as(merchant):
        free = list(Card.objects.filter(merchant_id=merchant, state=0).order_by("id"))
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from card where merchant_id = %s"
                " and position('AAAA'::bytea in secret) > 0",
                [merchant],
            )
            assert cursor.fetchone() == (0,)
    opened = {
        card.secret for card in open_cards(merchant_id=merchant, card_ids=[row.pk for row in free])
    }
    assert opened == {"AAAA\\1'x", "DDDD\r\n4; INSERT"}


@pytest.mark.parametrize(
    ("system", "dump"), [("acg-faka", ACG), ("dujiaoka", DUJIAOKA), ("dujiao-next", NEXT)]
)
def test_twice_is_as_once_and_no_money_moves(merchant, other_merchant, system, dump):
    first = move(merchant, system, dump)
    before = counted(merchant)
    again = move(merchant, system, dump)
    assert (first.state, again.state) == (WorkState.DONE, WorkState.DONE)
    assert first.result["orders"] > 0
    assert counted(merchant) == before
    assert [again.result[key] for key in ("products", "cards", "orders")] == [0, 0, 0]
    assert set(counted(other_merchant).values()) == {0}
    since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    figures = queries.day_figures(merchant_id=merchant, since=since, until=until)
    assert (figures.orders, figures.paid_minor) == (0, 0)
    assert queries.best_sellers(merchant_id=merchant, since=since, until=until) == []


def test_the_same_shop_may_come_to_two_merchants(merchant, other_merchant):
    move(merchant, "dujiaoka", DUJIAOKA)
    ended = move(other_merchant, "dujiaoka", DUJIAOKA)
    assert ended.result["orders"] == 4
    assert codes(other_merchant, "ABCDEFGH12345678") == ["sold-2", "lost-9"]
    assert counted(merchant) == counted(other_merchant)


def test_dujiaoka_texts_find_their_cards(merchant):
    ended = move(merchant, "dujiaoka", DUJIAOKA)
    assert ended.result["reasons"] == {"cards_missing": 1, "order_open": 1}
    assert ended.result["unpaid"] == 1
    # free-1, sold-2, lost-9 of the text, loop-3; not gone-4.
    assert states(merchant) == {"AVAILABLE": 2, "SOLD": 2}
    order = queries.order(merchant_id=merchant, number="ABCDEFGH12345678")
    assert (order.payable.minor, order.lines[0].unit_price.minor) == (1500, 1000)
    assert codes(merchant, order.number) == ["sold-2", "lost-9"]
    # One loop card is many buyers'.
    assert codes(merchant, "LOOP000000000001") == codes(merchant, "LOOP000000000002") == ["loop-3"]
    # What a person delivered is no code of the vault, and is not delivered again.
    made = queries.order(merchant_id=merchant, number="HANDMADE00000001")
    assert made.lines[0].units == {UnitState.RELEASED: 1}
    assert check_references(merchant_id=merchant) == []


def test_dujiao_next_brings_an_order_of_two_items_as_one(merchant):
    ended = move(merchant, "dujiao-next", NEXT)
    assert ended.result["reasons"] == {"number_changed": 1, "other_currency": 1}
    with acting_as(merchant):
        (row,) = Order.objects.filter(merchant_id=merchant)
    # The old number is longer than ours may be.
    assert (len(row.number), row.payable_minor, row.email) == (18, 1950, "x@y.io")
    assert codes(merchant, row.number) == ["back\\slash\ttab", "两行\n卡密"]
    assert states(merchant) == {"AVAILABLE": 1, "SOLD": 2, "FROZEN": 1}


def test_a_newer_dump_takes_off_the_shelf_what_was_sold_there_since(merchant):
    move(merchant, "acg-faka", ACG)
    newer = ACG.replace(
        "(1,7,'AAAA\\\\1\\'x',NULL,NULL,0,", "(1,7,'AAAA\\\\1\\'x','2024-06-01 00:00:00',NULL,1,"
    )
    assert newer != ACG
    move(merchant, "acg-faka", newer)
    assert states(merchant) == {"AVAILABLE": 1, "SOLD": 4, "FROZEN": 1}
    sku = next(s for s in catalog.all_skus(merchant_id=merchant) if s.title["zh-Hans"] == "月卡")
    assert stock_levels(merchant_id=merchant, sku_ids=[sku.id])[sku.id].available == 0


def test_a_card_that_two_orders_name_is_the_first_ones(merchant):
    doubled = DUJIAOKA.replace("'loop-3','',4", "'sold-2','',4").replace(
        "(2,'LOOP000000000001',2,", "(2,'LOOP000000000001',1,"
    )
    done = move(merchant, "dujiaoka", doubled)
    assert "sold-2" in codes(merchant, "ABCDEFGH12345678")
    assert codes(merchant, "LOOP000000000001") == []
    assert done.result["reasons"]["cards_missing"] >= 1
    assert check_references(merchant_id=merchant) == []
    with acting_as(merchant):
        rows = Allocation.objects.filter(merchant_id=merchant, exclusive=True)
        held = list(rows.values_list("card_id", flat=True))
    assert len(held) == len(set(held))


def test_orders_that_take_the_same_number_are_two(merchant):
    twice = DUJIAOKA.replace("'LOOP000000000002'", "'LOOP000000000001'")
    done = move(merchant, "dujiaoka", twice)
    assert done.result["reasons"]["number_changed"] == 1
    with acting_as(merchant):
        numbers = list(
            Order.objects.filter(merchant_id=merchant, email__in=("c@d.cn", "e@f.cn"))
            .order_by("id")
            .values_list("number", flat=True)
        )
    assert numbers[0] == "LOOP000000000001"
    assert numbers[1] != numbers[0]


def test_a_run_that_died_is_finished_by_the_next(merchant, monkeypatch):
    """It dies after the cards: orders find them, and nothing is there twice."""
    file_uid = files.store(merchant_id=merchant, purpose="move", name="dump", content=ACG.encode())
    uid = operations.start_move(
        merchant_id=merchant, actor=SYSTEM, system="acg-faka", file_uid=file_uid
    )
    with monkeypatch.context() as patch:
        patch.setattr("kacang.orders.moving.jobs.bring_orders", _die)
        with pytest.raises(KeyboardInterrupt):
            operations.run_move(merchant_id=merchant, work_uid=uid)
    assert counted(merchant)["Order"] == 0
    assert counted(merchant)["Card"] == 6
    operations.run_move(merchant_id=merchant, work_uid=uid)
    assert outbox.work(merchant_id=merchant, uid=uid).state is WorkState.DONE
    assert counted(merchant)["Card"] == 6
    assert codes(merchant, "1240501100000000001") == ["BBBB-2"]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def workbook() -> bytes:
    card = {"id": "c1", "sku": "s1", "secret": "W-1", "state": "已售", "order": "o1"}
    sheets = [
        [{"编号": "s1", "名称": "会员", "规格": "月卡", "价格": "12.50"}],
        [
            card,
            {"id": "c2", "sku": "s1", "secret": "W-2", "state": "", "order": ""},
            {"id": "c3", "sku": "s1", "secret": "W-3", "state": "weg", "order": ""},
        ],
        [{"id": "o1", "sku": "s1", "quantity": "1", "paid": "12.50", "contact": "13800138000",
          "created_at": "2024-01-02 03:04:05", "order_number": "OLD-0001"}],
    ]  # fmt: skip
    body = io.BytesIO()
    write_worksheets(list(zip(("products", "cards", "orders"), sheets, strict=True)), body)
    return body.getvalue()


def test_the_workbook_brings_any_other_system(merchant):
    ended = move(merchant, "workbook", workbook())
    assert ended.state is WorkState.DONE
    assert ended.result["reasons"] == {"unknown_state": 1}
    assert codes(merchant, "OLD-0001") == ["W-1"]
    assert states(merchant) == {"AVAILABLE": 1, "SOLD": 1}
    report = files.read(merchant_id=merchant, uid=ended.result["error_file"])
    assert report.startswith(b"PK")
    before = counted(merchant)
    move(merchant, "workbook", workbook())
    assert counted(merchant) == before


@pytest.mark.parametrize(
    ("system", "body", "problem"),
    [
        ("acg-faka", b"", "no_tables"),
        ("acg-faka", b"INSERT INTO `acg_card` (`id`) VALUES ('abc", "cut_off"),
        ("acg-faka", b"INSERT INTO `acg_card` (`id`) VALUES (\xff\xfe);", "encoding"),
        ("dujiao-next", b"COPY public.orders (id) FROM stdin;\n1\n", "cut_off"),
        ("workbook", b"PK\x03\x04 nothing", "not_xlsx"),
    ],
)
def test_what_is_no_dump_is_refused_and_nothing_kept(merchant, system, body, problem):
    ended = move(merchant, system, body)
    assert ended.state is WorkState.FAILED
    assert ended.result["problem"] == problem
    assert set(counted(merchant).values()) == {0}


def test_an_unknown_system_is_refused(merchant):
    with pytest.raises(operations.UnknownSystem):
        move(merchant, "shopify", "")
