"""Logs that show it when somebody touched them (I3, O7, rule 23)."""

import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from kacang.merchants import audit, operations, queries
from kacang.merchants.audit import Actor
from kacang.merchants.models import LogSeal
from kacang.merchants.operations.seals import FOR_EVER
from kacang.merchants.tenancy import acting_as

ACTOR = Actor(kind="user", id=7, label="lu@example.com", address="192.0.2.1")
PATIENCE_SECONDS = 30
THIRD = "where id = %(third)s"
SEAL = "where merchant_id = %(merchant)s and number ="
FORGE = """insert into audit_entry (merchant_id, actor_kind, action, xid)
           select merchant_id, 'user', 'forged', xid from audit_entry"""


def write(merchant, count, action="test.act"):
    with acting_as(merchant):
        for index in range(count):
            audit.record(
                merchant_id=merchant, actor=ACTOR, action=action, after={"n": index, "名": "值"}
            )


def seal(merchant, expected, log="audit"):
    """Seal until `expected` more rows are covered: others' transactions may hold it up."""
    done, until = 0, time.monotonic() + PATIENCE_SECONDS
    while done < expected and time.monotonic() < until:
        done += operations.seal_log(merchant_id=merchant, log=log)
        if done < expected:
            time.sleep(0.1)
    assert done == expected


def report(merchant, log="audit"):
    return next(r for r in operations.verify_logs(merchant_id=merchant) if r.log == log)


@pytest.fixture
def owner(database):
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def sealed(merchant):
    """A merchant with three seals over 2, 3 and 4 rows."""
    for count in (2, 3, 4):
        write(merchant, count)
        seal(merchant, count)
    return merchant


class TestSealLog:
    def test_covers_each_row_once(self, sealed):
        found = report(sealed)
        assert (found.seals, found.entries, found.unsealed) == (3, 9, 0)
        assert found.is_sound
        assert operations.seal_log(merchant_id=sealed, log="audit") == 0
        assert report(sealed).seals == 3

    def test_leaves_rows_of_transactions_that_still_run(self, merchant, database):
        with psycopg.connect(database.dsn("kacang_app")) as running:
            running.execute(f"set local kacang.merchant = {merchant}")
            running.execute(
                "insert into audit_entry (merchant_id, actor_kind, action)"
                " values (%s, 'x', 'late')",
                [merchant],
            )
            write(merchant, 2)
            assert operations.seal_log(merchant_id=merchant, log="audit") == 0
            running.commit()
        seal(merchant, 3)
        assert report(merchant).is_sound

    def test_seals_the_timeline_too(self, merchant, owner):
        owner.execute(
            "insert into timeline (merchant_id, order_id, event) values (%s, 1, 1), (%s, 1, 2)",
            [merchant, merchant],
        )
        seal(merchant, 2, log="timeline")
        assert report(merchant, "timeline").entries == 2
        owner.execute(
            "update timeline set event = 3 where merchant_id = %s and event = 2", [merchant]
        )
        (broken,) = report(merchant, "timeline").broken
        assert (broken.number, broken.reason) == (1, "rows_changed")

    def test_goes_on_after_the_count_of_transactions_began_anew(self, merchant, owner):
        write(merchant, 2)
        seal(merchant, 2)
        # As after a restore elsewhere: the seals, and rows not yet sealed, have numbers ahead.
        ahead = FOR_EVER // 2
        write(merchant, 1, "before the restore")
        owner.execute(
            "update audit_entry set xid = %s + xid where merchant_id = %s", [ahead, merchant]
        )
        with acting_as(merchant):
            first = LogSeal.objects.get(merchant_id=merchant)
        owner.execute("delete from log_seal where merchant_id = %s", [merchant])
        original = operations.seals._Head(
            merchant, "audit", 1, 0, 0, ahead + first.until_xid, b"\0" * 32
        )
        with acting_as(merchant):
            assert operations.seals._write(original, 0) == 2

        write(merchant, 4, "after the restore")
        seal(merchant, 5)

        found = report(merchant)
        assert (found.seals, found.entries, found.unsealed, found.broken) == (3, 7, 0, ())
        write(merchant, 1)
        seal(merchant, 1)
        assert report(merchant).is_sound

    def test_says_how_recent_the_last_seal_is(self, sealed, merchant):
        now = datetime.now(UTC)
        assert 0 <= report(sealed).age_seconds(now + timedelta(seconds=5)) <= 60
        write(merchant, 2)
        assert report(merchant).unsealed == 2


class TestVerifyLogs:
    def test_without_seals_is_sound_and_says_so(self, merchant):
        found = report(merchant)
        assert (found.seals, found.last_sealed_at, found.is_sound) == (0, None, True)
        assert found.age_seconds(datetime.now(UTC)) is None

    @pytest.mark.parametrize(
        ("tampering", "number", "reason"),
        [
            (f"update audit_entry set actor_label = 'nobody' {THIRD}", 2, "rows_changed"),
            (f"update audit_entry set after = '{{\"n\": 9}}' {THIRD}", 2, "rows_changed"),
            (f"update audit_entry set at = at + interval '1 hour' {THIRD}", 2, "rows_changed"),
            (f"delete from audit_entry {THIRD}", 2, "rows_missing"),
            (f"{FORGE} {THIRD}", 2, "rows_added"),
            (f"delete from log_seal {SEAL} 2", 3, "chain"),
            (f"update log_seal set root = sha256(root) {SEAL} 3", 3, "rows_changed"),
            (f"update log_seal set entries = 99 {SEAL} 3", 3, "rows_missing"),
        ],
    )
    def test_sees_what_was_touched(self, sealed, owner, tampering, number, reason):
        ids = [
            row[0]
            for row in owner.execute(
                "select id from audit_entry where merchant_id = %s order by id", [sealed]
            )
        ]

        owner.execute(tampering, {"third": ids[2], "merchant": sealed})

        found = report(sealed)
        assert not found.is_sound
        assert (found.broken[0].number, found.broken[0].reason) == (number, reason)

    def test_sees_a_seal_that_was_made_to_fit(self, sealed, owner):
        # Change a row and compute its seal anew: the next seal still names the old root.
        owner.execute(
            "update audit_entry set action = 'nothing' where id ="
            " (select min(id) from audit_entry where merchant_id = %s)",
            [sealed],
        )
        with acting_as(sealed):
            first = LogSeal.objects.get(merchant_id=sealed, number=1)
            head = operations.seals._Head(sealed, "audit", 1, 0, 0, first.until_xid, b"\0" * 32)
            forged = operations.seals._read(head).root
        owner.execute(
            "update log_seal set root = %s where merchant_id = %s and number = 1", [forged, sealed]
        )

        assert [(b.number, b.reason) for b in report(sealed).broken] == [(2, "chain")]

    def test_keeps_the_seals_of_a_month_that_was_dropped(self, sealed, owner):
        owner.execute("delete from audit_entry where merchant_id = %s", [sealed])
        assert len(report(sealed).broken) == 3

        # What was first is from before the oldest month that is kept.
        owner.execute(
            "update log_seal set first_at = '2020-01-01' where merchant_id = %s", [sealed]
        )
        found = report(sealed)
        assert (found.archived, found.broken) == (3, ())

    def test_reads_only_the_newest_when_asked(self, sealed, owner):
        owner.execute(
            "delete from audit_entry where id ="
            " (select min(id) from audit_entry where merchant_id = %s)",
            [sealed],
        )
        (newest, _) = operations.verify_logs(merchant_id=sealed, newest=2)
        assert (newest.seals, newest.is_sound) == (2, True)

    def test_app_cannot_touch_the_log_itself(self, sealed, database):
        for statement in (
            "update audit_entry set action = 'x'",
            "delete from audit_entry",
            "truncate audit_entry",
            "update log_seal set entries = 0",
            "delete from log_seal",
        ):
            with psycopg.connect(database.dsn("kacang_app")) as app:
                app.execute(f"set local kacang.merchant = {sealed}")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(statement)
        assert report(sealed).is_sound


class TestAuditPage:
    def test_pages_by_key_without_loss(self, merchant):
        write(merchant, 7)
        seen, cursor = [], ""
        while True:
            page = queries.audit_page(
                merchant_id=merchant, where=queries.AuditFilter(), cursor=cursor, limit=3
            )
            seen += [row.after["n"] for row in page.rows]
            cursor = page.next_cursor
            if not cursor:
                break
        assert seen == [6, 5, 4, 3, 2, 1, 0]

    def test_filters(self, merchant):
        write(merchant, 2, "keys.create")
        write(merchant, 3, "staff.add")
        now = datetime.now(UTC)

        def count(**where):
            filter_ = queries.AuditFilter(**where)
            return len(queries.audit_page(merchant_id=merchant, where=filter_).rows)

        assert count(action="staff.add") == 3
        assert count(actor="lu@example.com") == 5
        assert count(actor="nobody@example.com") == 0
        assert count(since=now - timedelta(minutes=5), until=now) == 5
        assert count(until=now - timedelta(minutes=5)) == 0
        assert count(object_uid="x") == 0
        assert queries.audit_actions(merchant_id=merchant) == ["keys.create", "staff.add"]

    def test_never_shows_somebody_elses(self, merchant, other_merchant):
        write(other_merchant, 1)
        page = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter())
        assert page.rows == []
        assert queries.audit_actions(merchant_id=merchant) == []
