"""Importing, making, undoing and looking at codes, from the desk."""

import io
import re

import pytest
from django.db import connection

from kacang.catalog import queries as catalog
from kacang.merchants.tenancy import acting_as
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from tests.web.console.conftest import work_as
from tests.web.console.goods import a_sku

LINES = "JN-1----7K2D-9QXA\nJN-2----9M3P-1LWB\n\nJN-2----9M3P-1LWB\nJN-3----5C4R-8T2P\n"


@pytest.fixture
def sku(merchant):
    return a_sku(merchant)


def job_of(answer):
    found = re.search(r"/(job_\w+)/", answer["Location"])
    assert found, answer["Location"]
    return found[1]


def sent(client, sku, **values):
    answer = client.post(f"/console/stock/{sku}/import/", values)
    assert answer.status_code == 302, answer.content.decode()
    return job_of(answer)


def level(merchant_id, sku):
    found = catalog.sku(merchant_id=merchant_id, uid=sku)
    return queries.stock_levels(merchant_id=merchant_id, sku_ids=[found.id])[found.id]


def checked(client, merchant_id, sku, **values):
    uid = sent(client, sku, **({"lines": LINES} | values))
    operations.run_check(merchant_id=merchant_id, work_uid=uid)
    return uid


def loaded(client, merchant_id, uid, **values):
    answer = client.post(f"/console/stock/checks/{uid}/load/", values)
    work_uid = job_of(answer)
    operations.run_import(merchant_id=merchant_id, work_uid=work_uid)
    return work_uid


class TestImport:
    def test_shows_what_was_found_before_anything_is_stored(self, owner, merchant, sku):
        uid = checked(owner, merchant, sku, supplier="蜂鸟数卡", unit_cost="120")

        page = owner.get(f"/console/stock/checks/{uid}/").content.decode()

        assert "Load 3 cards" in page
        assert "Twice in the file" in page
        assert "JN-1" in page
        assert "7K2D-9QXA" not in page
        assert level(merchant, sku).total == 0

    def test_loads_the_good_lines_with_their_purchase(self, owner, merchant, sku):
        uid = checked(owner, merchant, sku, supplier="蜂鸟数卡", unit_cost="120")

        work_uid = loaded(owner, merchant, uid, mode="good")

        work = works.work(merchant_id=merchant, uid=work_uid)
        batch = queries.batch(merchant_id=merchant, uid=work.result["batch"])
        page = owner.get(f"/console/works/{work_uid}/").content.decode()
        assert level(merchant, sku).available == 3
        assert (batch.supplier, batch.unit_cost.minor) == ("蜂鸟数卡", 12_000)
        assert "Undo the batch" in page
        assert batch.number in page

    def test_loads_nothing_when_all_must_be_good(self, owner, merchant, sku):
        uid = checked(owner, merchant, sku)

        work_uid = loaded(owner, merchant, uid, mode="all")

        work = works.work(merchant_id=merchant, uid=work_uid)
        assert work.state is WorkState.FAILED
        assert level(merchant, sku).total == 0
        page = owner.get(f"/console/works/{work_uid}/").content.decode()
        assert "Not every line was good" in page

    def test_hands_out_a_workbook_of_the_faults(self, owner, merchant, sku):
        uid = checked(owner, merchant, sku)

        answer = owner.get(f"/console/works/{uid}/file/")

        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment")
        assert b"".join(answer.streaming_content)[:2] == b"PK"

    def test_reads_other_columns_when_told_so(self, owner, merchant, sku):
        body = io.BytesIO(b"7K2D-9QXA,JN-1\n9M3P-1LWB,JN-2\n")
        body.name = "cards.csv"
        uid = checked(owner, merchant, sku, lines="", file=body)

        again = owner.post(
            f"/console/stock/checks/{uid}/again/",
            {"column-0": "secret", "column-1": "number", "header": "no"},
        )
        uid = job_of(again)
        operations.run_check(merchant_id=merchant, work_uid=uid)
        loaded(owner, merchant, uid)

        found = queries.find_cards(merchant_id=merchant, code="7K2D-9QXA", number="JN-1")
        assert [card.shown_number for card in found] == ["JN-1"]

    def test_keeps_what_was_written_when_nothing_was_sent(self, owner, merchant, sku):
        answer = owner.post(f"/console/stock/{sku}/import/", {"supplier": "蜂鸟数卡"})

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Choose a file or paste at least one line." in page
        assert 'value="蜂鸟数卡"' in page

    def test_says_that_an_empty_file_is_one(self, owner, merchant, sku):
        body = io.BytesIO(b"")
        body.name = "cards.csv"

        answer = owner.post(f"/console/stock/{sku}/import/", {"file": body})

        assert answer.status_code == 422
        assert "The submitted file is empty." in answer.content.decode()

    def test_follows_the_job_by_its_card(self, owner, merchant, sku):
        uid = sent(owner, sku, lines=LINES)

        waiting = owner.get(f"/console/stock/checks/{uid}/", headers={"HX-Request": "true"})
        operations.run_check(merchant_id=merchant, work_uid=uid)
        done = owner.get(f"/console/stock/checks/{uid}/", headers={"HX-Request": "true"})

        assert 'hx-trigger="every 1s"' in waiting.content.decode()
        assert done["HX-Refresh"] == "true"


class TestGenerate:
    def test_makes_so_many_of_a_pattern(self, owner, merchant, sku):
        answer = owner.post(
            f"/console/stock/{sku}/generate/", {"count": "50", "pattern": "KC-X{6}-X{6}@"}
        )
        uid = job_of(answer)
        operations.run_generate(merchant_id=merchant, work_uid=uid)

        assert level(merchant, sku).available == 50

    def test_makes_numbers_that_count_up_with_what_is_printed_on_them(self, owner, merchant, sku):
        said = {
            "pattern": "X{12}", "serial_prefix": "KC", "serial_first": "98", "serial_last": "101",
            "serial_width": "4", "face_value": "50", "face_currency": "USD",
            "facts": "地区：美区\nContract: K-7: b\n",
        }  # fmt: skip
        shown = owner.post("/console/stock/estimate/", said).content.decode()
        uid = job_of(owner.post(f"/console/stock/{sku}/generate/", said))
        operations.run_generate(merchant_id=merchant, work_uid=uid)
        batch = works.work(merchant_id=merchant, uid=uid).result["batch"]
        page = owner.get(f"/console/stock/batches/{batch}/").content.decode()
        card = queries.cards_of_batch(merchant_id=merchant, batch_uid=batch).items[-1]
        card_page = owner.get(f"/console/stock/cards/{card.uid}/").content.decode()

        assert "KC0098" in shown
        assert "KC0101" in shown
        assert card.shown_number == "KC0101"
        for text in (page, card_page):
            assert "$50.00" in text
            assert "<dt>地区</dt><dd>美区</dd>" in text
            assert "<dt>Contract</dt><dd>K-7: b</dd>" in text

        again = job_of(owner.post(f"/console/stock/{sku}/generate/", said))
        operations.run_generate(merchant_id=merchant, work_uid=again)
        failed = owner.get(f"/console/works/{again}/").content.decode()
        assert "Some of these numbers are in the vault already." in failed

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"count": ""}, "Say how many, or give numbers that count up."),
            ({"serial_first": "5"}, "Numbers that count up need a first and a last one."),
            ({"serial_first": "5", "serial_last": "1"}, "Numbers cannot count up like this"),
            ({"count": "5", "facts": "no colon"}, "There is no label, colon and text: no colon"),
            ({"count": "5", "facts": "a: 1\na: 2"}, "not possible: data"),
            ({"count": "5", "face_value": "x"}, "This is not an amount."),
            ({"count": "5", "face_value": "0"}, "not possible: face_value"),
        ],
    )
    def test_says_what_cannot_be(self, owner, merchant, sku, said, told):
        answer = owner.post(f"/console/stock/{sku}/generate/", {"pattern": "X{12}", **said})

        assert answer.status_code == 422
        assert told in answer.content.decode()
        assert level(merchant, sku).total == 0

    def test_shows_five_examples_and_how_hard_they_are_to_guess(self, owner):
        page = owner.post("/console/stock/estimate/", {"pattern": "KC-X{12}", "count": "100"})

        text = page.content.decode()
        assert text.count("<li>KC-") == 5
        assert "bits" in text

    def test_refuses_codes_that_could_be_guessed(self, owner, merchant, sku):
        answer = owner.post(
            f"/console/stock/{sku}/generate/", {"count": "1000", "pattern": "A-#{6}"}
        )

        assert answer.status_code == 422
        assert "Too easy to guess" in answer.content.decode()
        assert level(merchant, sku).total == 0


class TestBatch:
    @pytest.fixture
    def batch(self, owner, merchant, sku):
        uid = loaded(owner, merchant, checked(owner, merchant, sku))
        return works.work(merchant_id=merchant, uid=uid).result["batch"]

    def cards(self, merchant_id, batch):
        return queries.cards_of_batch(merchant_id=merchant_id, batch_uid=batch).items

    def test_undoes_all_of_it_at_once(self, owner, merchant, sku, batch):
        owner.post(f"/console/stock/batches/{batch}/undo/")

        assert level(merchant, sku).total == 0
        assert "Undone" in owner.get(f"/console/stock/batches/{batch}/").content.decode()

    def test_voids_one_card_and_then_the_rest(self, owner, merchant, sku, batch):
        first = self.cards(merchant, batch)[0].uid
        owner.post("/console/stock/cards/void/", {"card": first, "reason": "printed wrong"})
        assert (level(merchant, sku).available, level(merchant, sku).void) == (2, 1)

        answer = owner.post(f"/console/stock/batches/{batch}/void/", {"reason": "supplier failed"})
        operations.run_change(merchant_id=merchant, work_uid=job_of(answer))
        assert (level(merchant, sku).available, level(merchant, sku).void) == (0, 3)

    def test_freezes_all_of_it_and_puts_it_back(self, owner, merchant, sku, batch):
        page = owner.get(f"/console/stock/batches/{batch}/").content.decode()
        assert 'id="freeze-ask"' in page
        assert 'id="unfreeze-ask"' not in page

        answer = owner.post(f"/console/stock/batches/{batch}/freeze/", {"reason": "recall"})
        uid = job_of(answer)
        operations.run_change(merchant_id=merchant, work_uid=uid)

        assert (level(merchant, sku).available, level(merchant, sku).frozen) == (0, 3)
        body = b"".join(owner.get(f"/console/works/{uid}/file/").streaming_content).decode()
        assert body.count("crd_") == body.count("Changed") == 3
        assert "Cards changed" in owner.get(f"/console/works/{uid}/").content.decode()
        page = owner.get(f"/console/stock/batches/{batch}/").content.decode()
        assert 'id="freeze-ask"' not in page
        answer = owner.post(f"/console/stock/batches/{batch}/unfreeze/", {"reason": "all well"})
        operations.run_change(merchant_id=merchant, work_uid=job_of(answer))
        assert (level(merchant, sku).available, level(merchant, sku).frozen) == (3, 0)

    def test_knows_no_other_change(self, owner, merchant, sku, batch):
        answer = owner.post(f"/console/stock/batches/{batch}/sell/", {"reason": "x"})

        assert answer.status_code == 404
        assert level(merchant, sku).available == 3

    @pytest.mark.parametrize("change", ["freeze", "unfreeze", "void", "faulty", "restore"])
    @pytest.mark.parametrize(
        "role",
        ["order_operator", "sales", "customer_service", "warehouse", "finance", "clerk"],
    )
    def test_is_changed_by_nobody_else(self, work, merchant, sku, batch, role, change):
        answer = work(role).post(f"/console/stock/batches/{batch}/{change}/", {"reason": "x"})

        assert answer.status_code == 403
        assert level(merchant, sku).available == 3

    def test_voids_nothing_without_a_reason(self, owner, merchant, sku, batch):
        first = self.cards(merchant, batch)[0].uid

        owner.post("/console/stock/cards/void/", {"card": first, "reason": " "})
        owner.post(f"/console/stock/batches/{batch}/void/", {"reason": ""})

        assert level(merchant, sku).available == 3

    def test_reveals_a_code_after_its_trace(self, owner, merchant, batch):
        first = self.cards(merchant, batch)[0].uid

        refused = owner.post("/console/stock/cards/reveal/", {"card": first, "reason": ""})
        shown = owner.post(
            "/console/stock/cards/reveal/", {"card": first, "reason": "buyer says it is used"}
        )

        assert "7K2D-9QXA" not in refused.content.decode()
        assert "7K2D-9QXA" in shown.content.decode()
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select object_uid, reason from audit_entry where merchant_id = %s::bigint"
                " and action = 'cards.reveal'",
                [merchant],
            )
            assert cursor.fetchall() == [(first, "buyer says it is used")]

    def test_page_shows_no_code(self, owner, batch):
        page = owner.get(f"/console/stock/batches/{batch}/").content.decode()

        assert "JN-1" in page
        assert "7K2D-9QXA" not in page


class TestWhoMay:
    @pytest.mark.parametrize(
        ("path", "role", "status"),
        [
            ("import", "stock_keeper", 200),
            ("import", "order_operator", 403),
            ("generate", "stock_keeper", 200),
            ("generate", "warehouse", 403),
        ],
    )
    def test_page_by_role(self, work, sku, path, role, status):
        assert work(role).get(f"/console/stock/{sku}/{path}/").status_code == status

    def test_a_stock_keeper_sees_no_code(self, work, owner, merchant, sku):
        uid = loaded(owner, merchant, checked(owner, merchant, sku))
        batch = works.work(merchant_id=merchant, uid=uid).result["batch"]
        card = queries.cards_of_batch(merchant_id=merchant, batch_uid=batch).items[0].uid
        keeper = work("stock_keeper")

        answer = keeper.post("/console/stock/cards/reveal/", {"card": card, "reason": "x"})

        assert answer.status_code == 403
        assert keeper.get(f"/console/stock/batches/{batch}/").status_code == 200

    def test_another_shops_things_are_not_there(self, owner, merchant, other_merchant, sku):
        check = checked(owner, merchant, sku)
        uid = loaded(owner, merchant, check)
        batch = works.work(merchant_id=merchant, uid=uid).result["batch"]
        card = queries.cards_of_batch(merchant_id=merchant, batch_uid=batch).items[0].uid
        stranger = work_as(other_merchant)

        for path in (
            f"stock/{sku}/import/", f"stock/{sku}/generate/", f"stock/checks/{check}/",
            f"stock/batches/{batch}/", f"works/{uid}/", f"works/{check}/file/",
        ):  # fmt: skip
            assert stranger.get(f"/console/{path}").status_code == 404, path
        for path in (
            f"stock/checks/{check}/load/", f"stock/checks/{check}/again/",
            f"stock/batches/{batch}/undo/", f"stock/batches/{batch}/freeze/",
            "stock/cards/reveal/", "stock/cards/void/",
        ):  # fmt: skip
            answer = stranger.post(f"/console/{path}", {"card": card, "reason": "x"})
            assert answer.status_code == 404, path
        assert level(merchant, sku).available == 3
