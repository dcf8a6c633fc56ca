"""Rule 27: files are kept encrypted, for a while."""

import tempfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.outbox.uploads import SealedUpload
from kacang.shared.ciphers import CannotOpen

BODY = b"CODE-ONE-TWO\n" * 200_000  # 2.6 MB: three pieces


def rows(merchant: int, sql: str):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(sql, [merchant])
        return cursor.fetchall()


def store(merchant: int, **values) -> str:
    return files.store(
        **{
            "merchant_id": merchant,
            "purpose": "import",
            "name": "codes.txt",
            "content": BODY,
            **values,
        }
    )


class TestFiles:
    def test_come_out_as_they_went_in(self, merchant):
        parts = [BODY[at : at + 70_001] for at in range(0, len(BODY), 70_001)]

        uid = store(merchant, content=iter(parts))

        assert files.read(merchant_id=merchant, uid=uid) == BODY
        assert files.info(merchant_id=merchant, uid=uid).size == len(BODY)

    def test_rule_27_lie_in_sealed_pieces_of_at_most_a_mebibyte(self, merchant):
        store(merchant)

        pieces = rows(merchant, "select body from sealed_chunk where merchant_id = %s::bigint")
        assert [len(body) - 33 for (body,) in pieces] == [2**20, 2**20, len(BODY) - 2 * 2**20]
        assert not any(b"CODE-ONE" in bytes(body) for (body,) in pieces)

    def test_a_moved_piece_does_not_open(self, merchant):
        uid = store(merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update sealed_chunk set number = 9 where merchant_id = %s::bigint and number = 1",
                [merchant],
            )
            cursor.execute(
                "update sealed_chunk set number = 1 where merchant_id = %s::bigint and number = 2",
                [merchant],
            )

        with pytest.raises(CannotOpen):
            files.read(merchant_id=merchant, uid=uid)

    def test_of_another_merchant_are_unknown(self, merchant, other_merchant):
        uid = store(merchant)

        with pytest.raises(files.UnknownFile):
            files.stream(merchant_id=other_merchant, uid=uid)
        files.delete(merchant_id=other_merchant, uid=uid)

        assert files.read(merchant_id=merchant, uid=uid) == BODY

    def test_are_swept_when_their_time_is_over(self, merchant):
        over = store(merchant, lifetime=timedelta(seconds=-1))
        kept = store(merchant, content=b"kept")

        with pytest.raises(files.UnknownFile):
            files.read(merchant_id=merchant, uid=over)
        assert files.sweep() >= 1

        names = rows(merchant, "select uid from sealed_file where merchant_id = %s::bigint")
        assert names == [(kept,)]
        assert len(rows(merchant, "select 1 from sealed_chunk where merchant_id = %s::bigint")) == 1

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\卡密.xlsx", "卡密.xlsx"),
            ("a\r\nb", "ab"),
            ("", "file"),
        ],
    )
    def test_names_are_plain(self, merchant, given, kept):
        uid = store(merchant, name=given)

        assert files.info(merchant_id=merchant, uid=uid).name == kept


class TestUploads:
    def request(self, body: bytes) -> Any:
        sent = BytesIO(body)
        sent.name = "卡密.txt"
        return RequestFactory().post("/", {"file": sent, "note": "x"})

    @pytest.mark.parametrize("body", [b"", b"one\n", BODY], ids=["empty", "small", "large"])
    def test_reach_the_sealed_file_byte_for_byte(self, merchant, body):
        request = self.request(body)
        upload = request.FILES["file"]

        assert isinstance(upload, SealedUpload)
        uid = files.store_upload(merchant_id=merchant, purpose="import", upload=upload)

        assert files.read(merchant_id=merchant, uid=uid) == body
        assert b"".join(upload.chunks()) == body
        assert files.info(merchant_id=merchant, uid=uid).name == "卡密.txt"
        assert request.POST["note"] == "x"

    def test_rule_27_are_never_on_disk_in_plain(self, merchant, monkeypatch, tmp_path):
        written: list[Any] = []

        def watched(*args, **kwargs):
            spool = (tmp_path / f"spool-{len(written)}").open("w+b")
            written.append(spool)
            return spool

        monkeypatch.setattr(tempfile, "TemporaryFile", watched)
        request = self.request(BODY)

        assert b"".join(request.FILES["file"].chunks()) == BODY
        (spool,) = written
        spool.flush()
        assert b"CODE-ONE" not in (tmp_path / "spool-0").read_bytes()
        assert (tmp_path / "spool-0").stat().st_size >= 2 * 2**20
        request.FILES["file"].close()

    def test_too_large_ones_are_refused_and_not_kept(self, merchant, monkeypatch):
        monkeypatch.setattr("kacang.outbox.uploads.SIZE_MAX", 2 * 2**20)
        monkeypatch.setattr("kacang.outbox.files.SIZE_MAX", 2 * 2**20)
        upload = self.request(BODY).FILES["file"]

        with pytest.raises(files.FileTooLarge):
            files.store_upload(merchant_id=merchant, purpose="import", upload=upload)

        assert list(upload.chunks()) == []
        assert rows(merchant, "select 1 from sealed_file where merchant_id = %s::bigint") == []
