"""V4: a new data key while sales go on; nothing is lost, nothing stays under the old one."""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from kacang import jobs
from kacang.merchants import audit, keys
from kacang.merchants.tenancy import acting_as
from kacang.orders import access
from kacang.orders import operations as orders
from kacang.outbox import files, rotating, work
from kacang.outbox import queries as outbox
from kacang.outbox.queries import WorkState
from kacang.outbox.sealed import SHORT_LIVED
from kacang.payments import operations as payments
from kacang.payments import queries as payment_queries
from kacang.shared.ciphers import header_of
from kacang.vault.finding import tail_filling
from tests import make as shop
from tests.orders.looking import settle
from tests.threads import at_once
from tests.vault.conftest import ACTOR
from tests.vault.test_crash_points import cut_off

# bytea that is no envelope: hashes, random marks, counters, public pictures, wrapped keys.
NOT_SEALED = {
    ("api_key", "key_hash"),
    ("data_key", "wrapped"),
    ("log_seal", "root"),
    ("log_seal", "previous"),
    ("idempotency", "request_hash"),
    ("sale_order", "token_hash"),
    ("sale_order", "held_counters"),
    ("sale_order", "limit_counters"),
    ("access_token", "token_hash"),
    ("wallet_session", "token_hash"),
    ("access_code", "code_hash"),
    ("card", "fingerprint"),
    ("counter", "key"),
    ("after_sales_case", "buyer_key"),
    ("picture", "body"),
    ("restock_wait", "address_print"),
    ("message_count", "address_print"),
    ("message_opt_out", "address_print"),
}
RUNNER = """
import dataclasses, sys
import django
django.setup()
from kacang import jobs
from kacang.outbox import rotating
tables = [dataclasses.replace(table, chunk=20) for table in jobs.SEALED]
print("go", flush=True)
rotating.run_rotation(merchant_id=int(sys.argv[1]), work_uid=sys.argv[2], tables=tables)
"""


def start(merchant: int) -> str:
    return rotating.start_rotation(merchant_id=merchant, actor=ACTOR, reason="a laptop is missing")


def run(merchant: int, uid: str) -> outbox.WorkView:
    rotating.run_rotation(merchant_id=merchant, work_uid=uid, tables=jobs.SEALED)
    return outbox.work(merchant_id=merchant, uid=uid)


def under(merchant: int, key: int) -> int:
    """How many sealed values of a merchant are under a key."""
    found = 0
    with acting_as(merchant), connection.cursor() as cursor:
        for table in jobs.SEALED:
            for column in table.columns:
                cursor.execute(
                    f"select count(*) from {table.table} where merchant_id = %s::bigint"
                    f" and substring({column} from 1 for 5) = %s::bytea",
                    [merchant, header_of(key)],
                )
                found += cursor.fetchone()[0]
    return found


class TestEverySealedColumn:
    def test_is_rotated_or_listed_with_what_it_is(self):
        with connection.cursor() as cursor:
            cursor.execute(
                """select c.relname, a.attname from pg_class c
                   join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
                    and not a.attisdropped and a.atttypid = 'bytea'::regtype
                   where c.relkind in ('r', 'p') and not c.relispartition
                     and c.relnamespace = 'public'::regnamespace
                     and exists (select from pg_attribute m where m.attrelid = c.oid
                                 and m.attname = 'merchant_id')"""
            )
            stored = {(table, column) for table, column in cursor.fetchall()}
        rotated = {(table.table, column) for table in jobs.SEALED for column in table.columns}
        assert not rotated & NOT_SEALED
        assert stored - NOT_SEALED == rotated
        assert SHORT_LIVED == {"idempotency": ("response",)}


class TestRotation:
    def test_seals_everything_again_and_retires_the_old_key(self, merchant, make, other_merchant):
        sku = make.sku(number_is_secret=True)
        codes = [f"  N{n:04}----R-{n} %0A <b>'\"  ".encode() for n in range(450)]
        batch = str(make.imported(sku, b"\n".join(codes)).result["batch"])
        before = [(card.number, card.secret) for card in make.opened(batch)]
        kept = make.file(os.urandom(2_500_000))
        content = files.read(merchant_id=merchant, uid=kept)
        account = payments.create_account(
            merchant_id=merchant, account=payments.NewAccount(provider="sandbox", name="沙盒")
        )
        secrets_before = payment_queries.account_of_uid(account.uid).secrets
        elsewhere = under(other_merchant, 2)
        (old,) = keys.data_keys(merchant_id=merchant)
        assert under(merchant, old.number) >= 450 * 2 + 3 + 1

        uid = start(merchant)
        done = run(merchant, uid)

        assert done.state == WorkState.DONE
        newest, retired = keys.data_keys(merchant_id=merchant)
        assert done.result == {"key": newest.number, "sealed": done.done, "retired": 1}
        assert retired.number == old.number
        assert retired.retired_at is not None
        assert newest.retired_at is None
        assert under(merchant, old.number) == 0
        assert [(card.number, card.secret) for card in make.opened(batch)] == before
        assert before[3] == ("  N0003", "R-3 %0A <b>'\"  ")
        assert files.read(merchant_id=merchant, uid=kept) == content
        payment_queries.forget_accounts()
        assert payment_queries.account_of_uid(account.uid).secrets == secrets_before
        assert under(other_merchant, 2) == elsewhere
        keys.forget_keys()
        assert [(card.number, card.secret) for card in make.opened(batch)] == before

    def test_fingerprints_stay_so_duplicates_are_still_known(self, merchant, make):
        sku = make.sku()
        make.imported(sku, ["SAME-1", "SAME-2"])
        run(merchant, start(merchant))

        again = make.imported(sku, ["SAME-1", "NEW-3"])

        assert again.result["reasons"] == {"duplicate_in_vault": 1}
        assert make.level(sku).available == 3

    def test_new_writes_use_the_new_key_at_once_though_the_old_one_is_cached(self, merchant, make):
        sku = make.sku()
        make.imported(sku, ["BEFORE-1"])
        old = keys.cipher_for(merchant)
        with acting_as(merchant):
            new = keys.add_key(merchant_id=merchant)
        assert keys.cipher_for(merchant) is old

        make.imported(sku, ["AFTER-1"])

        assert under(merchant, new) >= 1
        # Who has the old cipher in hand opens what the new key sealed.
        with acting_as(merchant):
            fresh = keys.sealing_cipher(merchant)
        assert fresh.newest == new
        assert old.open("t", "c", fresh.seal("t", "c", b"x")) == b"x"

    def test_a_key_is_not_made_while_somebody_seals(self, merchant):
        held, go = threading.Event(), threading.Event()

        def seal() -> None:
            with acting_as(merchant):
                keys.sealing_cipher(merchant)
                held.set()
                go.wait(30)
            connection.close()

        thread = threading.Thread(target=seal)
        thread.start()
        held.wait(30)
        try:
            with pytest.raises(OperationalError), acting_as(merchant):
                keys.add_key(merchant_id=merchant)
            assert len(keys.data_keys(merchant_id=merchant)) == 1
        finally:
            go.set()
            thread.join()

    def test_one_at_a_time_with_a_reason(self, merchant):
        with pytest.raises(rotating.ReasonNeeded):
            rotating.start_rotation(merchant_id=merchant, actor=ACTOR, reason="  ")
        outcomes = at_once([lambda: start(merchant)] * 4, threads=4)
        assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, rotating.AlreadyRotating) for outcome in outcomes) == 3

    def test_a_cancelled_one_keeps_both_keys_and_the_next_ends_it(self, merchant, make):
        sku = make.sku()
        batch = str(make.imported(sku, [f"C-{n}" for n in range(500)]).result["batch"])
        uid = start(merchant)
        real = work.progress
        calls = iter(range(1000))

        def then_cancel(**values: Any) -> bool:
            stop = real(**values)
            if next(calls) == 5:
                work.ask_to_cancel(merchant_id=merchant, uid=uid)
            return stop

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("kacang.outbox.work.progress", then_cancel)
            stopped = run(merchant, uid)

        assert stopped.state == WorkState.CANCELLED
        assert under(merchant, 2) > 0
        assert under(merchant, 3) > 0
        assert {card.secret for card in make.opened(batch)} == {f"C-{n}" for n in range(500)}
        assert all(key.retired_at is None for key in keys.data_keys(merchant_id=merchant))

        assert run(merchant, start(merchant)).result["retired"] == 2
        assert under(merchant, 2) == under(merchant, 3) == 0
        assert {card.secret for card in make.opened(batch)} == {f"C-{n}" for n in range(500)}

    def test_a_one_time_code_on_its_way_still_opens(self, merchant):
        made = shop.sku(merchant)
        shop.account(merchant)
        placed = shop.order(made)
        access.request_code(
            merchant_id=merchant,
            number=placed.number,
            contact=orders_contact(merchant, placed.number),
        )
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select id from access_code where merchant_id = %s", [merchant])
            (code_id,) = cursor.fetchone()
        before = access.code_to_send(merchant_id=merchant, code_id=code_id)

        run(merchant, start(merchant))

        after = access.code_to_send(merchant_id=merchant, code_id=code_id)
        assert before is not None
        assert after is not None
        assert after[1] == before[1]


def orders_contact(merchant: int, number: str) -> str:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "select email from sale_order where merchant_id = %s and number = %s",
            [merchant, number],
        )
        return str(cursor.fetchone()[0])


class TestWhileSalesGoOn:
    def test_32_buyers_get_every_code_byte_for_byte(self, merchant):
        made = shop.sku(merchant, cards=640)
        account = shop.account(merchant)
        uid = start(merchant)

        def buy() -> str:
            placed = shop.order(made)
            settle(account, shop.notice(placed))
            return placed.number

        def rotate() -> str:
            return run(merchant, uid).state.name

        outcomes = at_once([rotate, *[buy] * 640], threads=33)

        assert outcomes[0] == "DONE"
        assert [x for x in outcomes if not isinstance(x, str)] == []
        got = [
            code.secret
            for number in outcomes[1:]
            for code in orders.deliveries(merchant_id=merchant, number=str(number), actor=ACTOR)
        ]
        assert sorted(got) == sorted(made.codes)
        assert under(merchant, 2) == 0

    def test_the_last_card_is_sold_though_it_is_just_sealed_again(self, merchant, monkeypatch):
        made = shop.sku(merchant, cards=1)
        shop.account(merchant)
        uid = start(merchant)
        real = keys.lock_resealing
        locked, buying = threading.Event(), threading.Event()

        def slowly(merchant_id: int) -> None:
            real(merchant_id)
            with connection.cursor() as cursor:
                cursor.execute(
                    "select 1 from card where merchant_id = %s for no key update", [merchant_id]
                )
            locked.set()
            buying.wait(30)

        monkeypatch.setattr("kacang.outbox.rotating.lock_resealing", slowly)

        def buy() -> str:
            locked.wait(30)
            real_claim = tail_filling.outlast_writing

            def tell(merchant_id: int) -> bool:
                buying.set()
                return real_claim(merchant_id)

            monkeypatch.setattr("kacang.orders.buying.placing.outlast_writing", tell)
            return shop.order(made).number

        outcomes = at_once([lambda: run(merchant, uid).state.name, buy], threads=2)

        assert outcomes[0] == "DONE"
        assert isinstance(outcomes[1], str), outcomes[1]


class TestCrash:
    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize(
        "point",
        [
            (rotating, "add_key", 1),
            (rotating, "_sealed_again", 1),
            (rotating, "_sealed_again", 3),
            (rotating, "lock_resealing", 2),
            (work, "progress", 1),
            (work, "progress", 3),
            (rotating, "_older", 4),
            (rotating, "retire_keys", 1),
            (audit, "record", 1),
            (work, "finish", 1),
        ],
    )
    def test_one_that_is_cut_off_goes_on(self, merchant, make, monkeypatch, point, after):
        sku = make.sku()
        wanted = [f"CUT-{number:05}" for number in range(500)]
        batch = str(make.imported(sku, wanted).result["batch"])
        (old,) = keys.data_keys(merchant_id=merchant)
        sealed = under(merchant, old.number)
        uid = start(merchant)
        with monkeypatch.context() as cut:
            cut_off(cut, (*point, after))
            with pytest.raises(OperationalError):
                run(merchant, uid)
        assert make.work(uid).state == WorkState.RUNNING
        assert [card.secret for card in make.opened(batch)] == wanted
        assert [key.number for key in keys.data_keys(merchant_id=merchant) if key.retired_at] == []

        done = run(merchant, uid)

        assert done.state == WorkState.DONE
        newest, retired = keys.data_keys(merchant_id=merchant)
        assert (newest.retired_at is None, retired.retired_at is None) == (True, False)
        assert under(merchant, retired.number) == 0
        assert under(merchant, newest.number) == sealed
        assert [card.secret for card in make.opened(batch)] == wanted

    def test_a_killed_one_goes_on_where_it_was(self, merchant, make, database):
        sku = make.sku()
        wanted = [f"KILL-{number:05}" for number in range(6000)]
        batch = str(make.imported(sku, wanted).result["batch"])
        uid = start(merchant)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "kacang.settings",
            "DATABASE_URL": database.url(),
            "KACANG_MASTER_KEY": settings.MASTER_KEY,
            "PYTHONPATH": "src",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(merchant), uid],
            env=environment,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            deadline = time.monotonic() + 60
            while outbox.work(merchant_id=merchant, uid=uid).done < 400:
                assert process.poll() is None, "it was done before it could be killed"
                assert time.monotonic() < deadline
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert under(merchant, 2) > 0
        assert under(merchant, 3) > 0
        assert [card.secret for card in make.opened(batch)] == wanted

        done = run(merchant, uid)

        assert done.state == WorkState.DONE
        assert done.result["sealed"] == done.total
        assert under(merchant, 2) == 0
        assert len(keys.data_keys(merchant_id=merchant)) == 2
        assert [card.secret for card in make.opened(batch)] == wanted
