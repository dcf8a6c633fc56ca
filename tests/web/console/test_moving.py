"""V7 at the desk: send another system's file, see what is in it, bring it over."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations
from kacang.outbox import files
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState
from tests.orders.test_moving import ACG, counted

NEW = "/console/settings/move/"


def sent(owner: Any, body: bytes = ACG.encode(), system: str = "acg-faka") -> str:
    answer = owner.post(NEW, {"system": system, "file": SimpleUploadedFile("old.sql", body)})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"]).rstrip("/").rsplit("/", 1)[1]


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestMove:
    def test_shows_what_would_come_and_brings_it(self, owner, merchant):
        uid = sent(owner)
        waiting = text(owner.get(f"{NEW}{uid}/"))
        assert "Bring it over" not in waiting
        operations.run_move_check(merchant_id=merchant, work_uid=uid)
        result = works.work(merchant_id=merchant, uid=uid).result
        page = text(owner.get(f"{NEW}{uid}/"))

        assert f"<dt>New cards</dt><dd>{result['cards']}</dd>" in page
        assert f'<dt>Not taken</dt><dd class="t-warn">{result["bad"]}</dd>' in page
        assert "This is not an amount" in page
        for secret in ("BBBB-2", "CCCC-3", "geheim", "Buyer@Example.com"):
            assert secret not in page
        assert set(counted(merchant).values()) == {0}
        report = owner.get(f"/console/works/{uid}/file/")
        assert b"".join(report.streaming_content).startswith(b"PK")

        going = owner.post(f"{NEW}{uid}/load/")
        job = str(going["Location"]).rstrip("/").rsplit("/", 1)[1]
        operations.run_move(merchant_id=merchant, work_uid=job)
        done = works.work(merchant_id=merchant, uid=job)
        assert (done.state, done.result["cards"]) == (WorkState.DONE, result["cards"])
        counts = counted(merchant)

        again = sent(owner)
        operations.run_move_check(merchant_id=merchant, work_uid=again)
        assert "Came over before" in text(owner.get(f"{NEW}{again}/"))
        job = str(owner.post(f"{NEW}{again}/load/")["Location"]).rstrip("/").rsplit("/", 1)[1]
        operations.run_move(merchant_id=merchant, work_uid=job)
        assert counted(merchant) == counts

    def test_says_where_a_file_is_broken_and_keeps_nothing(self, owner, merchant):
        uid = sent(owner, ACG.encode()[:-40])
        operations.run_move_check(merchant_id=merchant, work_uid=uid)
        page = text(owner.get(f"{NEW}{uid}/"))

        assert "The file could not be read" in page
        assert "It was read up to line" in page
        assert "Bring it over" not in page
        assert owner.post(f"{NEW}{uid}/load/").status_code == 404
        with pytest.raises(files.UnknownFile):
            files.info(
                merchant_id=merchant,
                uid=works.work(merchant_id=merchant, uid=uid).arguments["file"],
            )

    def test_asks_for_a_file_of_a_known_system(self, owner, merchant, monkeypatch):
        for said in (
            {"system": "acg-faka"},
            {"system": "shopify", "file": SimpleUploadedFile("a.sql", b"x")},
            {"system": "acg-faka", "file": SimpleUploadedFile("a.sql", b"")},
        ):
            assert owner.post(NEW, said).status_code == 422
        monkeypatch.setattr(files, "SIZE_MAX", 10)
        big = owner.post(
            NEW, {"system": "acg-faka", "file": SimpleUploadedFile("a.sql", b"x" * 11)}
        )
        assert big.status_code == 422
        assert works.works(merchant_id=merchant) == []

    @pytest.mark.parametrize("role", ["stock_keeper", "order_operator", "finance"])
    def test_is_the_owners_alone(self, work, owner, merchant, role):
        uid = sent(owner)
        operations.run_move_check(merchant_id=merchant, work_uid=uid)
        staff = work(role)

        assert staff.get(NEW).status_code == 403
        assert staff.post(NEW, {"system": "acg-faka"}).status_code == 403
        assert staff.get(f"{NEW}{uid}/").status_code == 403
        assert staff.post(f"{NEW}{uid}/load/").status_code == 403
        assert set(counted(merchant).values()) == {0}

    def test_of_another_merchant_is_not_there(self, owner, other_merchant):
        theirs = files.store(
            merchant_id=other_merchant, purpose="move", name="old.sql", content=ACG.encode()
        )
        uid = operations.check_move(
            merchant_id=other_merchant, actor=SYSTEM, system="acg-faka", file_uid=theirs
        )
        operations.run_move_check(merchant_id=other_merchant, work_uid=uid)

        assert owner.get(f"{NEW}{uid}/").status_code == 404
        assert owner.post(f"{NEW}{uid}/load/").status_code == 404
        assert set(counted(other_merchant).values()) == {0}
