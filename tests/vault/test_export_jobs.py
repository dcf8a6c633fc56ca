"""The job of an export: killed, stopped, failing, run twice. And the packs that it seals."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.outbox import work
from kacang.outbox.queries import WorkState
from kacang.shared.zips import packed
from kacang.vault import operations
from kacang.vault.exports import export_parts, exporting
from kacang.vault.exports.export_parts import _HEAD, unpacked
from tests.vault.test_crash import at_once, killed_midway
from tests.vault.test_export import PICTURE, asked, fetched, gathered, rows, sealed_files, unzipped
from tests.vault.test_levels import sql


class TestJob:
    def test_goes_on_after_a_kill_and_has_each_card_once(
        self, merchant, make, database, monkeypatch
    ):
        monkeypatch.setattr(exporting, "CHUNK", 500)
        sku = make.sku()
        codes = [f"KILL-{number:06}" for number in range(12_000)]
        make.imported(sku, codes[:5000])
        make.imported(sku, codes[5000:])
        uid = asked(make, sku_uid=sku)

        reached = killed_midway(database, make, "run_export", uid, 1000)
        assert 1000 <= reached < 12_000
        assert make.work(uid).result == {}
        operations.run_export(merchant_id=merchant, work_uid=uid)
        operations.run_export(merchant_id=merchant, work_uid=uid)

        assert make.work(uid).result["exported"] == 12_000
        assert [row[1] for row in rows(fetched(make, uid))[1:]] == codes

    def test_stops_when_asked_and_leaves_nothing(self, merchant, make, monkeypatch):
        monkeypatch.setattr(exporting, "CHUNK", 10)
        batch = make.imported(make.sku(), [f"S-{number}" for number in range(30)]).result["batch"]
        uid = asked(make, batch_uid=batch)
        real = export_parts.part_of

        def part_and_ask(*values: Any, **more: Any) -> Any:
            work.ask_to_cancel(merchant_id=merchant, uid=uid)
            return real(*values, **more)

        monkeypatch.setattr("kacang.vault.exports.exporting.part_of", part_and_ask)
        operations.run_export(merchant_id=merchant, work_uid=uid)

        assert make.work(uid).state == WorkState.CANCELLED
        assert sealed_files(merchant) == 0
        with pytest.raises(operations.UnknownExport):
            fetched(make, uid)

    def test_a_card_that_does_not_open_fails_it_and_leaves_nothing(
        self, merchant, make, monkeypatch
    ):
        monkeypatch.setattr(exporting, "CHUNK", 2)
        batch = make.imported(make.sku(), b"A\nB\nC\nD\n").result["batch"]
        sql(
            merchant,
            "update card set secret = secret || '\\x00'::bytea where merchant_id = %s::bigint"
            " and id = (select max(id) from card) returning id",
        )

        item = gathered(make, batch_uid=batch)

        assert (item.state, item.error) == (WorkState.FAILED, "secrets.cannot_open")
        assert sealed_files(merchant) == 0

    def test_two_at_once_and_one_run_twice_are_all_whole(self, merchant, make, monkeypatch):
        monkeypatch.setattr(exporting, "CHUNK", 20)
        codes = [f"TWO-{number:03}" for number in range(200)]
        batch = make.imported(make.sku(), codes).result["batch"]
        first, second = asked(make, batch_uid=batch), asked(make, batch_uid=batch)

        def run(uid: str) -> Any:
            return lambda: operations.run_export(merchant_id=merchant, work_uid=uid)

        assert at_once(run(first), run(second), run(first)) == []

        for uid in (first, second):
            assert make.work(uid).state == WorkState.DONE
            assert [row[1] for row in rows(fetched(make, uid))[1:]] == codes

    def test_goes_on_with_files_chunk_by_chunk_of_bytes(self, merchant, make, monkeypatch):
        monkeypatch.setattr(exporting, "CHUNK_BYTES", 15_000)
        body = b"".join(packed([(f"{n}.png", PICTURE + bytes([n])) for n in range(5)]))
        sku = make.sku()
        batch = make.imported(sku, body, "files.zip", wishes=operations.Wishes(unit="file"))

        item = gathered(make, batch_uid=batch.result["batch"])

        assert len(item.result["parts"]["packs"]) == 5
        content = unzipped(fetched(make, item.uid))
        del content["cards.csv"]
        assert list(content.values()) == [PICTURE + bytes([n]) for n in range(5)]


class TestPacks:
    @given(
        entries=st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=300)), max_size=6),
        size=st.integers(1, 50),
    )
    def test_come_out_whole_however_they_are_cut(self, entries, size):
        entries = [(name.encode("utf-8", "ignore").decode(), body) for name, body in entries]
        whole = b"".join(
            _HEAD.pack(len(name.encode()), len(body)) + name.encode() + body
            for name, body in entries
        )
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]

        assert list(unpacked(pieces)) == entries
