"""V4, V6: card secrets leave the house as an AES zip, byte for byte, and leave nothing behind."""

import csv
import io
import shutil
import subprocess
import zipfile
from typing import Any

import pytest
import pyzipper
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kacang.catalog.operations import Strategy
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.outbox import files, work
from kacang.outbox.queries import WorkState, WorkView
from kacang.shared.money import Money
from kacang.shared.zips import packed
from kacang.vault import operations, queries
from kacang.vault.exports import export_parts
from kacang.vault.operations import ExportRequest
from kacang.vault.queries import CardState
from tests.vault.conftest import ACTOR
from tests.vault.test_levels import move, sql

PASSPHRASE = "Horse battery 7 staple"
PICTURE = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256)) * 40


def asked(make: Any, *, actor: Actor = ACTOR, **values: Any) -> str:
    request = ExportRequest(**{"reason": "换系统", "language": "en", **values})
    return operations.export_cards(merchant_id=make.merchant_id, actor=actor, request=request)


def gathered(make: Any, **values: Any) -> WorkView:
    uid = asked(make, **values)
    operations.run_export(merchant_id=make.merchant_id, work_uid=uid)
    item: WorkView = make.work(uid)
    return item


def fetched(make: Any, uid: str, passphrase: str = PASSPHRASE, actor: Actor = ACTOR) -> bytes:
    pieces = operations.fetch_export(
        merchant_id=make.merchant_id, actor=actor, uid=uid, passphrase=passphrase
    )
    return b"".join(pieces)


def unzipped(body: bytes, passphrase: str = PASSPHRASE) -> dict[str, bytes]:
    with pyzipper.AESZipFile(io.BytesIO(body)) as archive:
        archive.setpassword(passphrase.encode())
        return {name: archive.read(name) for name in archive.namelist()}


def rows(body: bytes) -> list[list[str]]:
    text = unzipped(body)["cards.csv"].decode()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def sealed_files(merchant: int) -> int:
    ((count,),) = sql(
        merchant,
        "select count(*) from sealed_file where merchant_id = %s::bigint and purpose = 'export'",
    )
    return int(count)


class TestExport:
    def test_of_a_batch_has_number_code_state_and_validity(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN, number_is_secret=True)
        content = "卡号,卡密,有效期,备注\nN-0001,=1+1,2099-12-31,热卖\nN-0002,  b;c  ,,\n"
        printed = operations.Purchase(
            face_value=Money(5000, "USD"), facts=(("地区", "美区"), ("Contract", "K-7"))
        )
        batch = make.imported(sku, content.encode(), "codes.csv", purchase=printed)
        batch_uid = batch.result["batch"]
        move(merchant, 0, 2, 1)

        item = gathered(make, batch_uid=batch_uid)
        found = rows(fetched(make, item.uid))

        number = queries.batch(merchant_id=merchant, uid=batch_uid).number
        names = [card.uid for card in make.cards(batch_uid)]
        assert (item.state, item.result["exported"]) == (WorkState.DONE, 2)
        assert found == [
            ["Card number", "Code", "File", "State", "Batch", "Valid until", "Remark", "Card",
             "Face value", "Batch data"],
            ["N-0001", "=1+1", "", "Sold", number, "2100-01-01 00:00:00", "热卖", names[0],
             "50.00 USD", "地区: 美区; Contract: K-7"],
            ["N-0002", "  b;c  ", "", "Available", number, "", "", names[1],
             "50.00 USD", "地区: 美区; Contract: K-7"],
        ]  # fmt: skip

    def test_of_a_sku_takes_the_states_that_were_asked_for(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        make.imported(sku, b"A\nB\nC\n")
        move(merchant, 0, 2, 2)
        make.imported(make.sku(), b"OTHER\n")
        make.imported(sku, b"D\nE\n")

        item = gathered(make, sku_uid=sku, states=[CardState.AVAILABLE])

        assert [row[1] for row in rows(fetched(make, item.uid))[1:]] == ["C", "D", "E"]
        assert (item.done, item.total) == (3, 3)

    def test_has_cards_that_are_files_as_files(self, merchant, make):
        sku = make.sku()
        body = b"".join(packed([("券 1.png", PICTURE), ("b.txt", "密码 1\n".encode())]))
        batch = make.imported(sku, body, "files.zip", wishes=operations.Wishes(unit="file"))

        item = gathered(make, batch_uid=batch.result["batch"])
        content = unzipped(fetched(make, item.uid))

        listed = rows(fetched(make, item.uid))[1:]
        assert (item.result["exported"], item.result["files"]) == (2, 2)
        assert [row[1] for row in listed] == ["", ""]
        assert {row[2]: content[row[2]] for row in listed} == {
            listed[0][2]: PICTURE,
            listed[1][2]: "密码 1\n".encode(),
        }
        assert listed[0][2] == "files/0000001-券 1.png"
        assert set(content) == {"cards.csv", listed[0][2], listed[1][2]}

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        codes=st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
            .filter(lambda text: text.strip())
            .map(str.strip),
            min_size=1,
            max_size=5,
            unique=True,
        )
    )
    def test_L11_codes_are_byte_for_byte_what_came_in(self, merchant, make, codes):
        sku = make.sku()
        content = [code.encode("utf-8", "strict").decode() for code in codes]
        result = make.imported(sku, content, keep_good=True).result
        assume("batch" in result)  # what no import takes is not in stock
        batch = result["batch"]
        opened = [card.secret for card in make.opened(batch)]

        if not opened:
            with pytest.raises(operations.NothingToExport):
                asked(make, batch_uid=batch)
            return
        item = gathered(make, batch_uid=batch)

        assert [row[1] for row in rows(fetched(make, item.uid))[1:]] == opened

    def test_is_aes_256_and_opens_by_no_other_passphrase(self, merchant, make):
        batch = make.imported(make.sku(), b"SECRET-CODE-1\n").result["batch"]
        item = gathered(make, batch_uid=batch)

        body = fetched(make, item.uid)

        assert b"SECRET-CODE-1" not in body
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            (info,) = archive.infolist()
            # AE-2 (no checksum that tells the content), strength 3: 256 bits.
            assert (info.compress_type, info.flag_bits & 1, info.CRC) == (99, 1, 0)
            assert b"\x01\x99\x07\x00\x02\x00AE\x03" in info.extra
        with pytest.raises(RuntimeError, match="Bad password"):
            unzipped(body, "Horse battery 7 stable")

    @pytest.mark.skipif(not shutil.which("7z"), reason="7-Zip is not installed")
    def test_opens_in_7_zip(self, merchant, make, tmp_path):
        batch = make.imported(make.sku(), b"SEVEN-1\nSEVEN-2\n").result["batch"]
        path = tmp_path / "cards.zip"
        path.write_bytes(fetched(make, gathered(make, batch_uid=batch).uid))

        done = subprocess.run(
            ["7z", "x", "-so", f"-p{PASSPHRASE}", str(path)], capture_output=True, check=True
        )

        assert [row[1] for row in csv.reader(io.StringIO(done.stdout.decode()))][1:] == [
            "SEVEN-1",
            "SEVEN-2",
        ]

    def test_leaves_out_what_an_undone_batch_erased(self, merchant, make):
        sku = make.sku()
        gone = make.imported(sku, b"GONE\n").result["batch"]
        make.imported(sku, b"STAYS\n")
        operations.undo_batch(merchant_id=merchant, batch_uid=gone, actor=ACTOR)

        item = gathered(make, sku_uid=sku)

        assert [row[1] for row in rows(fetched(make, item.uid))[1:]] == ["STAYS"]


class TestTrace:
    def test_is_committed_before_the_first_card_is_opened(self, merchant, make, monkeypatch):
        batch = make.imported(make.sku(), b"A\n").result["batch"]
        seen: list[list[tuple[str, str]]] = []

        def look(*values: Any, **more: Any) -> Any:
            seen.append([(row.action, row.reason) for row in log(merchant)])
            return real(*values, **more)

        real = export_parts.part_of
        monkeypatch.setattr("kacang.vault.exports.exporting.part_of", look)
        item = gathered(make, batch_uid=batch)
        fetched(make, item.uid)

        assert ("cards.export", "换系统") in seen[0]
        first, second = log(merchant)[:2]
        assert [first.action, second.action] == ["cards.export_fetch", "cards.export"]
        assert (second.actor_label, second.object_uid) == (ACTOR.label, batch)
        assert second.after["count"] == 1
        assert second.after["job"] == item.uid

    def test_no_passphrase_is_kept_anywhere(self, merchant, make):
        batch = make.imported(make.sku(), b"A\n").result["batch"]
        item = gathered(make, batch_uid=batch)
        fetched(make, item.uid)

        kept = sql(merchant, "select to_jsonb(w)::text from work w where merchant_id = %s::bigint")
        kept += sql(
            merchant, "select to_jsonb(a)::text from audit_entry a where merchant_id = %s::bigint"
        )
        assert len(kept) > 2
        assert not [text for (text,) in kept if PASSPHRASE in text]


def log(merchant: int) -> list[Any]:
    return list(merchants.audit_page(merchant_id=merchant, where=merchants.AuditFilter()).rows)


class TestRefusals:
    def test_are_clear_and_start_nothing(self, merchant, other_merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\n").result["batch"]

        def ask(of: int = merchant, **values: Any) -> None:
            request = ExportRequest(**{"reason": "x", **values})
            operations.export_cards(merchant_id=of, actor=ACTOR, request=request)

        with pytest.raises(operations.NothingToExport):
            ask()
        with pytest.raises(operations.NothingToExport):
            ask(batch_uid=batch, sku_uid=sku)
        with pytest.raises(operations.NothingToExport):
            ask(batch_uid=batch, states=[CardState.VOID])
        with pytest.raises(operations.ReasonMissing):
            ask(batch_uid=batch, reason=" ")
        with pytest.raises(operations.UnknownBatch):
            ask(other_merchant, batch_uid=batch)

        assert [item.kind for item in work.works(merchant_id=merchant)] == ["vault.import"]
        assert work.works(merchant_id=other_merchant) == []

    def test_nobody_else_fetches_it(self, merchant, other_merchant, make):
        batch = make.imported(make.sku(), b"A\n").result["batch"]
        item = gathered(make, batch_uid=batch)
        colleague = Actor("user", 8, "chen@example.com")

        for of, actor in ((merchant, colleague), (other_merchant, ACTOR)):
            with pytest.raises(operations.UnknownExport):
                operations.fetch_export(
                    merchant_id=of, actor=actor, uid=item.uid, passphrase=PASSPHRASE
                )
        with pytest.raises(operations.UnknownExport):
            fetched(make, make.imported(make.sku(), b"B\n").uid)

        assert "cards.export_fetch" not in [row.action for row in log(merchant)]

    @pytest.mark.parametrize(
        "passphrase",
        ["", "short-one", "aaaaaaaaaaaaaaaa", "密码密码密码密码密码密码密码", "x" * 200],
    )
    def test_weak_passphrases_open_nothing(self, merchant, make, passphrase):
        batch = make.imported(make.sku(), b"A\n").result["batch"]
        item = gathered(make, batch_uid=batch)

        with pytest.raises(operations.WeakPassphrase):
            fetched(make, item.uid, passphrase)

        assert "cards.export_fetch" not in [row.action for row in log(merchant)]

    def test_made_passphrases_are_strong_and_never_the_same(self):
        made = {operations.new_passphrase() for _ in range(50)}

        assert len(made) == 50
        assert {operations.check_passphrase(text) for text in made} == made

    def test_after_its_time_nothing_is_there(self, merchant, make):
        batch = make.imported(make.sku(), b"A\n").result["batch"]
        item = gathered(make, batch_uid=batch)
        sql(
            merchant,
            "update sealed_file set expires_at = clock_timestamp() - interval '1 second'"
            " where merchant_id = %s::bigint and purpose = 'export' returning id",
        )

        with pytest.raises(operations.UnknownExport):
            fetched(make, item.uid)
        files.sweep()

        assert sealed_files(merchant) == 0
