"""Merchants, their twins, hosts and currency (E4, rules 13, 14, 29)."""

import secrets
from datetime import UTC, datetime
from typing import ClassVar

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from procrastinate.contrib.django import app

from kacang import jobs
from kacang.merchants import operations, queries
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.models import MerchantKind, User
from kacang.merchants.operations.opening import BadHost, NotATrial, UnknownHost
from kacang.merchants.operations.staff import BadEmail
from kacang.merchants.permissions import Role

ACTOR = Actor(kind="command", id=1, label="owner@example.com")


@pytest.fixture
def live():
    """A live merchant with an owner and a setting of its own."""
    merchant_id = operations.open_merchant(
        slug=f"l-{secrets.token_hex(6)}", name="真店", kind=MerchantKind.LIVE
    )
    operations.add_staff(
        merchant_id=merchant_id, email=f"{secrets.token_hex(6)}@example.com", name="主人",
        role="owner", actor=ACTOR,
    )  # fmt: skip
    operations.change_settings(merchant_id=merchant_id, values={"pay_minutes": 20}, actor=ACTOR)
    return merchant_id


class TestOpenMerchant:
    @pytest.mark.parametrize("slug", ["", "A", "a b", "a/b", "-a", "a-", "a" * 41, "店", "a_b"])
    def test_refuses_what_is_no_address(self, slug):
        with pytest.raises(operations.BadSlug):
            operations.open_merchant(slug=slug, name="店", kind=MerchantKind.LIVE)

    @pytest.mark.parametrize("name", ["", "  ", "店" * 81])
    def test_refuses_what_is_no_name(self, name):
        with pytest.raises(operations.BadName):
            operations.open_merchant(slug="named", name=name, kind=MerchantKind.LIVE)

    def test_comes_with_its_owner_or_not_at_all(self):
        slug, email = f"own-{secrets.token_hex(6)}", f"{secrets.token_hex(6)}@example.com"

        def opening(email, slug=slug):
            return operations.open_with_owner(
                slug=slug, name="店", kind=MerchantKind.LIVE, email=email, actor=ACTOR
            )

        with pytest.raises(BadEmail):
            opening("nobody")
        with pytest.raises(queries.UnknownMerchant):
            queries.merchant_id_of_slug(slug)
        made = opening(email.upper())
        with pytest.raises(operations.SlugTaken):
            opening("other@example.com")

        merchant = queries.merchant_id_of_slug(slug)
        staff = queries.staff(merchant_id=merchant)
        assert [(one.email, one.role) for one in staff] == [(email, Role.OWNER)]
        assert User.objects.get(email=email).check_password(made.password)
        assert not User.objects.filter(email="other@example.com").exists()
        second = opening(email, f"{slug}-b")
        assert (second.user_id, second.password) == (made.user_id, "")

    def test_refuses_an_address_that_is_taken(self):
        slug = f"s-{secrets.token_hex(6)}"
        first = operations.open_merchant(slug=slug, name="a", kind=MerchantKind.LIVE)
        with pytest.raises(operations.SlugTaken):
            operations.open_merchant(slug=slug, name="b", kind=MerchantKind.LIVE)
        assert queries.merchant(merchant_id=queries.merchant_id_of_slug(slug)).name == "a"
        assert queries.merchant_id_of_slug(slug) == first


class TestTwin:
    def test_is_a_test_merchant_with_the_same_owners_and_settings(self, live):
        twin = operations.open_twin(merchant_id=live, actor=ACTOR)

        info = queries.merchant(merchant_id=twin)
        assert info.kind == "test"
        assert [s.role for s in queries.staff(merchant_id=twin)] == ["owner"]
        assert queries.setting(merchant_id=twin, name="pay_minutes") == 20
        assert operations.open_twin(merchant_id=live, actor=ACTOR) == twin
        sealed = cipher_for(live).seal("card", "secret", b"x")
        with pytest.raises(Exception, match=r"secrets\.cannot_open"):
            cipher_for(twin).open("card", "secret", sealed)

    def test_wiping_takes_all_of_it_and_nothing_else(self, live, database):
        twin = operations.open_twin(merchant_id=live, actor=ACTOR)
        draft = operations.KeyDraft("x", ("orders:read",))
        operations.create_key(merchant_id=twin, draft=draft, actor=ACTOR)
        before = rows_of(database, live)
        assert sum(rows_of(database, twin).values()) > 0

        operations.wipe_twin(merchant_id=live, actor=ACTOR)

        assert sum(rows_of(database, twin).values()) == 0
        assert rows_of(database, live) == {**before, "audit_entry": before["audit_entry"] + 1}
        with pytest.raises(queries.UnknownMerchant):
            queries.merchant(merchant_id=twin)
        with pytest.raises(NotATrial):
            operations.wipe_twin(merchant_id=live, actor=ACTOR)

    def test_only_twins_can_be_wiped(self, live, merchant, other_merchant):
        twin = operations.open_twin(merchant_id=live, actor=ACTOR)
        for one in (merchant, other_merchant, twin):
            with pytest.raises(NotATrial):
                operations.wipe_twin(merchant_id=one, actor=ACTOR)
            assert queries.merchant(merchant_id=one).id == one

    def test_of_a_demo_or_a_twin_there_is_none(self, live, merchant):
        twin = operations.open_twin(merchant_id=live, actor=ACTOR)
        for one in (merchant, twin):
            with pytest.raises(NotATrial):
                operations.open_twin(merchant_id=one, actor=ACTOR)


class TestHosts:
    def test_lead_to_one_shop(self, merchant, other_merchant):
        host = f"{secrets.token_hex(6)}.example.com"
        operations.add_host(merchant_id=merchant, host=f" {host.upper()}. ", actor=ACTOR)

        assert queries.merchant_id_of_host(host) == merchant
        with pytest.raises(operations.HostTaken):
            operations.add_host(merchant_id=other_merchant, host=host, actor=ACTOR)
        with pytest.raises(UnknownHost):
            operations.remove_host(merchant_id=other_merchant, host=host, actor=ACTOR)
        assert [h.name for h in queries.hosts(merchant_id=merchant)] == [host]

        operations.remove_host(merchant_id=merchant, host=host, actor=ACTOR)
        assert queries.merchant_id_of_host(host) is None

    @pytest.mark.parametrize(
        "host", ["", "a b", "http://x.example", "x..y", "a" * 64 + ".de", "店"]
    )
    def test_must_be_host_names(self, merchant, host):
        with pytest.raises(BadHost):
            operations.add_host(merchant_id=merchant, host=host, actor=ACTOR)
        assert queries.hosts(merchant_id=merchant) == []


class TestCurrency:
    def test_is_fixed_by_the_first_order(self, merchant):
        operations.change_currency(merchant_id=merchant, currency="USD", actor=ACTOR)
        now = datetime.now(UTC)
        operations.fix_currency(merchant_id=merchant, now=now)
        operations.fix_currency(merchant_id=merchant, now=now)

        with pytest.raises(operations.CurrencyFixed):
            operations.change_currency(merchant_id=merchant, currency="CNY", actor=ACTOR)

        assert queries.merchant(merchant_id=merchant).currency == "USD"


class TestPartitions:
    LOGS: ClassVar = [
        "audit_entry", "card_movement", "goods_movement", "provider_call", "timeline",
        "webhook_try",
    ]  # fmt: skip

    def test_every_log_that_grows_has_its_months(self, database):
        with psycopg.connect(database.dsn("superuser")) as superuser:
            counts = superuser.execute(
                "select inhparent::regclass::text, count(*) from pg_inherits i"
                " join pg_partitioned_table p on p.partrelid = i.inhparent group by 1 order by 1"
            ).fetchall()
        # this month, three ahead, the default
        assert counts == [(log, 5) for log in self.LOGS]

    @pytest.mark.parametrize("log", LOGS)
    def test_the_coming_months_are_made_ahead(self, database, log):
        last = (
            f"select max(inhrelid::regclass::text) from pg_inherits where inhparent ="
            f" '{log}'::regclass and inhrelid::regclass::text not like '%default'"
        )
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            (name,) = owner.execute(last).fetchone() or ("",)
            owner.execute(f"drop table {name}")
            operations.make_partitions()
            operations.make_partitions()
            assert owner.execute(last).fetchone() == (name,)

    def test_a_month_that_is_made_late_takes_its_rows(self, database, merchant):
        last = (
            "select max(inhrelid::regclass::text) from pg_inherits where inhparent ="
            " 'audit_entry'::regclass and inhrelid::regclass::text not like '%default'"
        )
        where = "select tableoid::regclass::text, count(*) from audit_entry where action = %s"
        where += " group by 1"
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            (name,) = owner.execute(last).fetchone() or ("",)
            owner.execute(f"drop table {name}")
            owner.execute(
                "insert into audit_entry (merchant_id, actor_kind, actor_label, action, at)"
                " select %s, 'system', '', 'late.month', to_date(right(%s, 6), 'YYYYMM') + 3",
                [merchant, name],
            )
            before = owner.execute(where, ["late.month"]).fetchall()

            operations.make_partitions()

            assert before == [("audit_entry_default", 1)]
            assert owner.execute(where, ["late.month"]).fetchall() == [(name, 1)]

    def test_P5_old_months_of_calls_are_dropped_and_others_kept(self, database, merchant):
        months = (
            "select inhrelid::regclass::text from pg_inherits"
            " where inhparent = 'provider_call'::regclass order by 1"
        )
        old = "create table provider_call_{0} partition of provider_call for values from {1}"
        edge = f"to_char(now() - interval '{settings.CALL_LOG_MONTHS} months', 'YYYYMM')"
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            kept = [row[0] for row in owner.execute(months)]
            owner.execute(old.format("200001", "('2000-01-01Z') to ('2000-02-01Z')"))
            owner.execute(
                "insert into provider_call (merchant_id, account_id, kind, result, milliseconds,"
                " at) values (%s, 1, 0, 0, 1, '2000-01-05Z')",
                [merchant],
            )
            (month,) = owner.execute(f"select {edge}").fetchone() or ("",)
            first = f"{month[:4]}-{month[4:]}-01Z"
            owner.execute(old.format(month, f"('{first}') to ('{month[:4]}-{month[4:]}-28Z')"))

            assert operations.drop_months() == 1
            assert operations.drop_months() == 0

            left = [row[0] for row in owner.execute(months)]
            owner.execute(f"drop table provider_call_{month}")
        assert left == sorted([*kept, f"provider_call_{month}"])

    @pytest.mark.parametrize("log", ["audit_entry", "timeline", "sale_order"])
    def test_rule_23_nothing_else_can_be_dropped(self, log):
        with pytest.raises(DatabaseError, match="are not dropped"), connection.cursor() as cursor:
            cursor.execute("select kacang_drop_months(%s, 1)", [log])

    def test_a_schedule_makes_them(self):
        tasks = app.periodic_registry.periodic_tasks
        names = {name for (name, _), task in tasks.items() if task.cron == jobs.EVERY_NIGHT}
        assert "merchants.make_partitions" in names


def rows_of(database, merchant_id):
    """How many rows each table has of a merchant, as the superuser sees it."""
    with psycopg.connect(database.dsn("superuser")) as connection:
        tables = connection.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where a.attname = 'merchant_id' and not a.attisdropped and c.relkind in ('r', 'p')"
            " and not c.relispartition and c.relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            name: sum(
                count
                for (count,) in connection.execute(
                    f"select count(*) from {name} where merchant_id = %s", [merchant_id]
                )
            )
            for (name,) in tables
        }
