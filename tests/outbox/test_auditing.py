"""Long jobs over the logs: the export of the audit log, seals compared with progress (I3)."""

import csv
import io
from datetime import date

import psycopg
import pytest
from python_calamine import CalamineWorkbook

from kacang.jobs.merchants import run_audit_export, run_audit_verification
from kacang.merchants import audit, operations, queries
from kacang.merchants.audit import Actor
from kacang.merchants.queries import AuditFilter
from kacang.merchants.tenancy import acting_as
from kacang.outbox import auditing, files, work
from kacang.outbox import queries as works
from kacang.outbox.work import WorkState
from tests.transactions import let_others_end

OWNER = Actor("user", 7, "owner@example.com", "192.0.2.9")


def some_entries(merchant, count=5):
    with acting_as(merchant):
        for number in range(count):
            audit.record(
                merchant_id=merchant, actor=OWNER, action="orders.note", object_kind="order",
                object_uid=f"2026-{number}", before={"role": "clerk"}, after={"role": "finance"},
                reason="=1+1",
            )  # fmt: skip


def exported(merchant, kind, where=None, language="en"):
    uid = auditing.start_export(
        merchant_id=merchant, where=where or AuditFilter(action="orders.note"), kind=kind,
        language=language, actor=OWNER,
    )  # fmt: skip
    run_audit_export(merchant_id=merchant, work_uid=uid)
    done = works.work(merchant_id=merchant, uid=uid)
    assert done.state is WorkState.DONE, done
    return done, files.read(merchant_id=merchant, uid=done.result["audit_file"])


class TestExport:
    def test_writes_what_the_filter_leaves_as_csv_in_words(self, merchant, other_merchant):
        some_entries(merchant)
        some_entries(other_merchant, 3)

        done, body = exported(merchant, "csv")

        heads, *lines = csv.reader(io.StringIO(body.decode("utf-8-sig")))
        assert (done.result["lines"], len(lines)) == (5, 5)
        first = dict(zip(heads, lines[0], strict=True))
        assert first["Of what"] == "2026-4"
        assert (first["Before"], first["After"]) == ("Role: Store clerk", "Role: Finance")
        assert first["From where"] == "192.0.2.9"
        # A spreadsheet must not run what somebody typed.
        assert first["Reason"] == "'=1+1"

    def test_writes_a_workbook_in_chinese(self, merchant):
        some_entries(merchant, 2)

        _, body = exported(merchant, "xlsx", language="zh-hans")

        rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
        assert len(rows) == 3
        assert rows[0][6] == "对象"

    def test_I3_amounts_are_of_the_merchants_currency(self, merchant):
        with acting_as(merchant):
            audit.record(
                merchant_id=merchant, actor=OWNER, action="orders.note", object_kind="order",
                object_uid="2026-1", after={"amount_minor": 1999},
            )  # fmt: skip

        _, body = exported(merchant, "csv")

        assert "19.99" in body.decode("utf-8-sig")

    def test_of_nothing_is_a_file_with_heads(self, merchant):
        for kind in ("csv", "xlsx"):
            done, body = exported(merchant, kind, AuditFilter(action="never"))
            assert done.result["lines"] == 0
            assert body

    def test_is_itself_in_the_log_with_its_filter(self, merchant):
        exported(merchant, "csv", AuditFilter(action="orders.note", address="192.0.2.9"))
        (row,) = queries.audit_page(
            merchant_id=merchant, where=AuditFilter(action="audit.export")
        ).rows
        assert row.actor_label == OWNER.label
        assert row.after == {"action": "orders.note", "address": "192.0.2.9", "kind": "csv"}

    def test_refuses_another_kind(self, merchant):
        with pytest.raises(auditing.BadExport):
            auditing.start_export(
                merchant_id=merchant, where=AuditFilter(), kind="exe", language="en", actor=OWNER
            )
        assert works.works(merchant_id=merchant) == []


def seal(merchant):
    let_others_end()
    operations.seal_logs(merchant_id=merchant)


class TestVerification:
    def test_says_what_is_sound_and_how_recent_the_last_seal_is(self, merchant):
        some_entries(merchant)
        seal(merchant)
        uid = auditing.start_verification(merchant_id=merchant, actor=OWNER)

        run_audit_verification(merchant_id=merchant, work_uid=uid)

        done = works.work(merchant_id=merchant, uid=uid)
        assert done.result["is_sound"]
        log = done.result["logs"][0]
        assert (log["log"], log["seals"], log["entries"]) == ("audit", 1, 5)
        assert log["last_sealed_at"]
        assert log["unsealed"] == 1

    def test_names_the_seal_that_is_broken(self, database, merchant):
        some_entries(merchant)
        seal(merchant)
        with psycopg.connect(database.dsn("superuser")) as superuser:
            superuser.execute(
                "update audit_entry set reason = 'x' where merchant_id = %s and object_uid ="
                " '2026-1'", [merchant],
            )  # fmt: skip
        uid = auditing.start_verification(merchant_id=merchant, actor=OWNER)
        run_audit_verification(merchant_id=merchant, work_uid=uid)

        result = works.work(merchant_id=merchant, uid=uid).result
        assert not result["is_sound"]
        assert result["logs"][0]["broken"] == [[1, "rows_changed"]]

    def test_stops_when_it_is_asked_to(self, merchant, monkeypatch):
        some_entries(merchant)
        seal(merchant)
        monkeypatch.setattr(auditing, "REPORT_EVERY", 1)
        uid = auditing.start_verification(merchant_id=merchant, actor=OWNER)
        work.begin(merchant_id=merchant, uid=uid)
        work.ask_to_cancel(merchant_id=merchant, uid=uid)

        run_audit_verification(merchant_id=merchant, work_uid=uid)

        assert works.work(merchant_id=merchant, uid=uid).state is WorkState.CANCELLED


class TestRetention:
    @pytest.fixture
    def old_month(self, database, merchant):
        """A month of long ago, with an entry of this merchant."""
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            owner.execute(
                "create table audit_entry_200001 partition of audit_entry"
                " for values from ('2000-01-01') to ('2000-02-01')"
            )
            owner.execute(
                "insert into audit_entry (merchant_id, at, actor_kind, action)"
                " values (%s, '2000-01-05', 'user', 'long.ago')", [merchant],
            )  # fmt: skip
            yield merchant
            owner.execute("drop table if exists audit_entry_200001")

    def drop(self, months=12):
        return operations.drop_old_months(months=months, today=date(2001, 6, 1))

    def test_drops_a_sealed_month_and_keeps_its_seal_and_the_chain(self, old_month):
        some_entries(old_month)
        seal(old_month)

        assert self.drop() == ["audit_entry_200001"]

        some_entries(old_month, 2)
        seal(old_month)
        (report, _) = operations.verify_logs(merchant_id=old_month)
        assert report.is_sound
        assert (report.seals, report.archived) == (2, 1)
        assert (
            queries.audit_page(merchant_id=old_month, where=AuditFilter(action="long.ago")).rows
            == []
        )

    def test_keeps_a_month_that_no_seal_covers(self, old_month):
        assert self.drop() == []

        rows = queries.audit_page(merchant_id=old_month, where=AuditFilter(action="long.ago")).rows
        assert len(rows) == 1

    def test_keeps_everything_where_nothing_is_said_and_what_is_young_enough(self, old_month):
        seal(old_month)
        assert self.drop(months=0) == []
        assert self.drop(months=17) == []
        assert self.drop(months=16) == ["audit_entry_200001"]
