"""Small files that are secrets themselves: what they are, and what is refused of them."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.shared.zips import packed
from kacang.vault.reading.attachments import judged
from kacang.vault.reading.rows import Attachment, BadFile, Odd
from kacang.vault.reading.sources import open_source

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def zipped(*files: tuple[str, bytes]) -> bytes:
    return b"".join(packed(files))


def read(body: bytes, name: str = "files.zip"):
    source = open_source(body, name, unit="file")
    return [row.cells[0] for row in source.rows()], source


class TestKinds:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (PNG, "image/png"),
            (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
            (b"GIF89a gif", "image/gif"),
            (b"RIFF1234WEBPVP8 ", "image/webp"),
            ("账号: x".encode(), "text/plain"),
            ("账号: x".encode("gb18030"), "text/plain"),
            (b"<svg onload='alert(1)'/>", "text/plain"),
        ],
    )
    def test_are_told_by_content(self, content, kind):
        assert judged("a.exe", content) == Attachment("a.exe", kind, content)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "file_empty"),
            (b" \n", "file_empty"),
            (b"MZ\x90\0\x03\0\0\0", "file_kind"),
            (b"%PDF-1.7\n\x01\x02", "file_kind"),
            (PNG + bytes(65_536), "file_too_large"),
        ],
    )
    def test_are_refused_otherwise(self, content, reason):
        assert judged("a.png", content) == Odd("a.png", reason)

    def test_of_64_kb_are_taken(self):
        assert isinstance(judged("a.png", PNG + bytes(65_536 - len(PNG))), Attachment)


class TestArchives:
    @given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=5))
    def test_L11_files_come_out_as_they_went_in(self, tails):
        contents = [PNG + tail for tail in tails]

        found, source = read(zipped(*(("a.png", content) for content in contents)))

        assert [cell.content for cell in found] == contents
        assert source.line_count == len(contents)
        assert found[0].name == "a.png"
        if len(found) > 1:
            assert found[1].name == "a (2).png"

    def test_one_file_needs_no_archive(self):
        found, source = read(PNG, "二维码.png")
        assert found == [Attachment("二维码.png", "image/png", PNG)]
        assert source.place(1, 0) == "二维码.png"

    def test_folders_and_litter_are_no_cards(self):
        body = zipped(("x.png", PNG))
        archive = io.BytesIO(body)
        with zipfile.ZipFile(archive, "a") as more:
            more.mkdir("folder")
            more.writestr("__MACOSX/._x.png", b"\0\x05")
            more.writestr("folder/.DS_Store", b"\0")
            more.writestr("folder/y.png", PNG)

        found, source = read(archive.getvalue())

        assert [cell.name for cell in found] == ["x.png", "y.png"]
        assert source.place(2, 0) == "folder/y.png"

    def test_names_of_chinese_windows_are_read(self):
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            archive.writestr("XXXX.txt", b"code")
        raw = body.getvalue().replace(b"XXXX.txt", "卡密".encode("gb18030") + b".txt")

        found, _ = read(raw)

        assert found[0].name == "卡密.txt"

    def test_what_unpacks_to_more_is_cut_off(self):
        found, _ = read(zipped(("bomb.txt", b"x" * 50_000_000), ("good.txt", b"x")))
        assert found[0] == Odd("bomb.txt", "file_too_large")
        assert found[1].content == b"x"

    def test_a_damaged_or_locked_file_is_told_from_good_ones(self):
        body = bytearray(zipped(("bad.txt", b"one code"), ("good.txt", b"other")))
        body[body.find(b"bad.txt") + len("bad.txt") + 2] ^= 0xFF
        locked = bytearray(zipped(("bad.txt", b"one code"), ("good.txt", b"other")))
        locked[6] |= 1
        locked[locked.find(b"PK\x01\x02") + 8] |= 1

        for raw, reason in ((body, "file_broken"), (locked, "file_locked")):
            found, _ = read(bytes(raw))
            assert found[0] == Odd("bad.txt", reason)
            assert found[1].content == b"other"

    @pytest.mark.parametrize(
        ("body", "problem"),
        [(b"PK\x03\x04 broken", "not_zip"), (zipped(), "empty")],
    )
    def test_no_archive_is_refused(self, body, problem):
        with pytest.raises(BadFile) as refused:
            read(body)
        assert refused.value.detail["problem"] == problem
