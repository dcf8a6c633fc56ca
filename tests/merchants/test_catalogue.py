"""The database's own catalogue: what rules 16 to 18 promise holds for every table there is."""

import psycopg
import pytest
from django.db import IntegrityError

from kacang.catalog.models import Category, Product
from kacang.merchants import permissions
from kacang.merchants.schema import CURRENT, SHARED_TABLES
from kacang.merchants.tenancy import acting_as
from kacang.shared.ids import new_uid

# Append-only by privilege (rules 12, 23): rows are added, never changed or taken away.
APPEND_ONLY = {
    "audit_entry",
    "log_seal",
    "timeline",
    "transfer",
    "card_change",
    "card_movement",
    "goods_movement",
    "redemption",
    "account_event",
    "provider_call",
    "webhook_try",
    "case_entry",
    "message_wording",
}
# Ids without a constraint, each with its reason (rule 18).
LOOSE = {
    "audit_entry.actor_id": "a log keeps what is gone",
    "batch.first_card_id": "the end of a range, not a reference",
    "batch.last_card_id": "the end of a range, not a reference",
    "card_change.first_card_id": "the end of a range, not a reference",
    "card_change.last_card_id": "the end of a range, not a reference",
    "card.batch_id": "all cards of a batch share it: the statement joins by merchant",
    "card.line_id": "hot: the allocation has the reference",
    "card.pool_id": "0 is the common pool",
    "card.sku_id": "all cards of a SKU share it: the statement joins by merchant",
    "card_level.pool_id": "0 is the common pool",
    "card_notice.line_id": "orders are on a floor above; the card was this line's",
    "card_movement.batch_id": "a log keeps what is gone",
    "customer_note.actor_id": "people belong to no merchant; a key may be gone",
    "list_choice.person_id": "people belong to no merchant",
    "saved_view.person_id": "people belong to no merchant",
    "card_movement.line_id": "a log keeps what is gone",
    "card_movement.pool_id": "a log keeps what is gone",
    "card_movement.sku_id": "a log keeps what is gone",
    "goods_hold.sku_id": "all holds of a SKU share it: the statement joins by merchant",
    "goods_hold.warehouse_id": "all holds of a warehouse share it: the statement joins by merchant",
    "goods_movement.entry_id": "a log keeps what is gone",
    "goods_movement.line_id": "a log keeps what is gone",
    "goods_movement.sku_id": "a log keeps what is gone",
    "goods_movement.warehouse_id": "a log keeps what is gone",
    "idempotency.api_key_id": "0 is a page",
    "log_seal.from_id": "a mark in a log, not a reference",
    "log_seal.last_id": "a mark in a log, not a reference",
    "notice.account_id": "all notices of an account share it: the statement joins by merchant",
    "notice_read.message_id": "a mark beside a notice: the statement joins by merchant",
    "notice_seen.upto_id": "a mark in a list, not a reference",
    "order_line.sku_id": "all lines of a SKU share it: the statement joins by merchant",
    "sale_order.store_id": "all orders of a store share it: a nightly check proves it",
    "payment.account_id": "all payments of an account share it: the statement joins by merchant",
    "pick_mark.pool_id": "0 is the common pool",
    "provider_call.account_id": "a log keeps what is gone",
    "provider_call.payment_id": "a log keeps what is gone",
    "receipt.account_id": "all receipts of an account share it: the statement joins by merchant",
    "sale_order.api_key_id": "0 is a page",
    "timeline.order_id": "a log keeps what is gone",
    "change_request.asked_id": "a log keeps what is gone",
    "refund.asked_id": "a log keeps what is gone",
    "order_review.first_id": "a person, as the log names who approved first",
    "statement_line.document_id": "which table it names depends on the kind",
    "transfer.document_id": "which table it names depends on the kind",
    "wallet_deed.actor_id": "a log keeps what is gone",
    "wallet_withdrawal.first_id": "a log keeps what is gone",
}


@pytest.fixture(scope="module")
def catalogue(database):
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as connection:
        yield connection


def column(catalogue, sql, *arguments):
    return [row[0] for row in catalogue.execute(sql, arguments or None)]


TABLES = """
    select c.relname from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and not c.relispartition order by 1
"""


GUARDED = """
    select c.relname from pg_class c
    where c.relrowsecurity and c.relnamespace = 'public'::regnamespace
"""
# What names an order, and is seen as far as the role of who asks reaches (I1).
WITHIN_REACH = {
    "sale_order", "batch_row", "change_request", "deadline_mark", "message", "order_exception",
    "order_openid", "order_review", "refund", "review_hit",
}  # fmt: skip
# What names an order and is not held to a reach by itself, each with its reason.
WITHOUT_REACH = {
    "access_code": "buyers' own",
    "access_token": "buyers' own",
    "after_sales_case": "roles that reach to some orders have no permission for cases",
    "moved": "roles that reach to some orders move no shop here",
    "order_customer": "roles that reach to some orders have no permission for customers",
    "order_deposit": "looked at by way of its order",
    "order_line": "hot; looked at by way of its order",
    "order_tag": "looked at by way of its order",
    "payment": "hot; roles that reach to some orders have no permission for payments",
    "product_review": "roles that reach to some orders have no permission for reviews",
    "recipient": "looked at by way of its order",
    "redemption": "looked at by way of its order",
    "shipment": "looked at by way of its order",
    "slip_print": "looked at by way of its order",
    "timeline": "hot; looked at by way of its order",
}


class TestReach:
    def test_I1_what_names_an_order_is_held_to_the_reach_or_in_the_reviewed_list(self, catalogue):
        naming = column(
            catalogue,
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relrowsecurity and not c.relispartition and a.attname = 'order_id'"
            "   and c.relnamespace = 'public'::regnamespace",
        )
        held = column(
            catalogue,
            "select tablename from pg_policies where policyname = 'reach'"
            " and permissive = 'RESTRICTIVE' and qual like '%kacang.reach%'",
        )
        assert set(held) == WITHIN_REACH
        assert set(naming) - WITHIN_REACH == set(WITHOUT_REACH)

    def test_I1_no_permission_of_a_reach_opens_what_is_in_the_list(self):
        closed = ("payments.", "aftersales.", "reviews.", "customers.", "shop.", "ledger.")
        assert not [one for one in permissions.WITHIN_REACH if one.startswith(closed)]


class TestRule16:
    def test_every_table_has_the_policy_or_stands_in_the_reviewed_list(self, catalogue):
        guarded = set(column(catalogue, GUARDED))
        assert set(column(catalogue, TABLES)) - guarded == set(SHARED_TABLES)

    def test_every_reason_in_the_list_is_given(self):
        assert all(len(reason) > 10 for reason in SHARED_TABLES.values())

    def test_each_policy_compares_the_merchant_for_reading_and_for_writing(self, catalogue):
        rows = catalogue.execute(
            "select tablename, roles::text, cmd, qual, with_check from pg_policies"
            " where schemaname = 'public' and policyname = 'merchant'"
        ).fetchall()
        wanted = "(NULLIF(current_setting('kacang.merchant'::text, true), ''::text))::bigint"
        assert CURRENT == "nullif(current_setting('kacang.merchant', true), '')::bigint"
        # A table that lost its policy shows no row: of none that would be seen in all tests.
        assert {table for table, *_ in rows} == set(column(catalogue, GUARDED))
        for table, roles, command, reads, writes in rows:
            name = "id" if table == "merchant" else "merchant_id"
            assert (roles, command) == ("{kacang_app}", "ALL"), table
            assert reads == writes == f"({name} = {wanted})", table

    def test_every_guarded_table_names_its_merchant_and_never_leaves_it_open(self, catalogue):
        nullable = column(
            catalogue,
            "select c.relname from pg_class c"
            " left join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id'"
            "   and not a.attisdropped"
            " where c.relrowsecurity and c.relnamespace = 'public'::regnamespace"
            "   and not coalesce(a.attnotnull, false)",
        )
        assert nullable == ["merchant"]

    def test_no_other_policy_opens_a_table_to_the_app(self, catalogue):
        assert (
            column(
                catalogue,
                "select tablename || ' ' || policyname from pg_policies"
                " where policyname <> 'merchant' and permissive <> 'RESTRICTIVE'"
                " and ('kacang_app' = any(roles) or 'public' = any(roles))",
            )
            == []
        )


class TestRule17:
    def test_the_app_cannot_pass_the_policies(self, catalogue):
        (row,) = catalogue.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles"
            " where rolname = 'kacang_app'"
        )
        assert row == (False, False, False, False)
        assert (
            column(
                catalogue,
                "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid"
                " where m.member = 'kacang_app'::regrole",
            )
            == []
        )

    def test_the_app_owns_nothing(self, catalogue):
        for what in (
            "select relname from pg_class where relowner = 'kacang_app'::regrole",
            "select proname from pg_proc where proowner = 'kacang_app'::regrole",
            "select nspname from pg_namespace where nspowner = 'kacang_app'::regrole",
        ):
            assert column(catalogue, what) == []

    def test_the_app_may_do_nothing_with_partitions(self, catalogue):
        # Read directly they ignore the policy of their parent.
        assert (
            column(
                catalogue,
                "select c.relname from pg_class c"
                " where c.relispartition and c.relkind in ('r', 'p')"
                " and (has_table_privilege('kacang_app', c.oid, 'select')"
                "   or has_table_privilege('kacang_app', c.oid, 'insert')"
                "   or has_table_privilege('kacang_app', c.oid, 'update')"
                "   or has_table_privilege('kacang_app', c.oid, 'delete')"
                "   or has_table_privilege('kacang_app', c.oid, 'truncate'))",
            )
            == []
        )

    def test_nobody_may_truncate_or_lay_triggers_but_the_owner(self, catalogue):
        assert (
            column(
                catalogue,
                "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace"
                " and c.relkind in ('r', 'p')"
                " and (has_table_privilege('kacang_app', c.oid, 'truncate')"
                " or has_table_privilege('kacang_app', c.oid, 'trigger')"
                " or has_table_privilege('kacang_app', c.oid, 'references'))",
            )
            == []
        )

    def test_the_app_makes_no_tables_of_its_own(self, catalogue):
        assert column(
            catalogue, "select has_schema_privilege('kacang_app', 'public', 'create')"
        ) == [False]

    def test_the_app_cannot_touch_the_record_of_migrations(self, catalogue):
        (rights,) = catalogue.execute(
            "select has_table_privilege('kacang_app', 'django_migrations', 'insert'),"
            " has_table_privilege('kacang_app', 'django_migrations', 'update'),"
            " has_table_privilege('kacang_app', 'django_migrations', 'delete')"
        )
        assert rights == (False, False, False)

    def test_each_function_that_passes_the_policies_is_pinned_and_not_for_everybody(
        self, catalogue
    ):
        rows = catalogue.execute(
            "select p.proname, p.proconfig, p.proowner::regrole::text,"
            " has_function_privilege('public', p.oid, 'execute')"
            " from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace"
        ).fetchall()
        assert len(rows) > 10
        for name, config, owner, everybody in rows:
            assert config is not None, name
            assert "search_path=public, pg_temp" in config, name
            assert (owner, everybody) == ("kacang_owner", False), name

    def test_views_ask_with_the_rights_of_whoever_looks(self, catalogue):
        assert (
            column(
                catalogue,
                "select relname from pg_class where relkind = 'v'"
                " and relnamespace = 'public'::regnamespace"
                " and not coalesce('security_invoker=true' = any(reloptions), false)",
            )
            == []
        )

    def test_the_backup_role_reads_all_and_writes_nothing(self, catalogue):
        for table in column(catalogue, TABLES):
            (rights,) = catalogue.execute(
                "select has_table_privilege('kacang_backup', %s::regclass, 'select'),"
                " has_table_privilege('kacang_backup', %s::regclass, 'insert, update, delete')",
                [table, table],
            )
            assert rights == (True, False), table


class TestRule18:
    def test_each_reference_between_tenant_tables_carries_the_merchant(self, catalogue):
        rows = catalogue.execute(
            "select con.conrelid::regclass::text, con.conname, con.confrelid::regclass::text,"
            " (select array_agg(a.attname::text order by k.n)"
            "    from unnest(con.conkey) with ordinality k(num, n)"
            "    join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.num),"
            " (select array_agg(a.attname::text order by k.n)"
            "    from unnest(con.confkey) with ordinality k(num, n)"
            "    join pg_attribute a on a.attrelid = con.confrelid and a.attnum = k.num)"
            " from pg_constraint con"
            " join pg_class c on c.oid = con.conrelid and c.relrowsecurity and not c.relispartition"
            " join pg_class f on f.oid = con.confrelid and f.relrowsecurity"
            " where con.contype = 'f' and con.conparentid = 0"
        ).fetchall()
        composite = 0
        for table, name, target, columns, targets in rows:
            if target == "merchant":
                assert targets[0] == "id", name
                assert columns[0] == ("twin_of_id" if table == "merchant" else "merchant_id"), name
            else:
                composite += 1
                assert (columns[0], targets[0]) == ("merchant_id", "merchant_id"), name
        assert composite > 15

    def test_each_column_that_names_a_row_of_a_tenant_is_referenced_or_listed(self, catalogue):
        """A bigint called `x_id` where a tenant table `x` exists must be checked by something."""
        loose = catalogue.execute(
            "select c.relname || '.' || a.attname from pg_class c"
            " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
            " where c.relrowsecurity and not c.relispartition and c.relkind in ('r', 'p')"
            "   and a.attname like '%%\\_id' and a.attname not in ('merchant_id', 'twin_of_id')"
            "   and a.atttypid = 'bigint'::regtype"
            "   and not exists (select 1 from pg_constraint k where k.conrelid = c.oid"
            "     and k.contype = 'f' and a.attnum = any(k.conkey))"
            " order by 1"
        ).fetchall()
        assert {row[0] for row in loose} <= set(LOOSE)

    def test_L27_a_merchant_cannot_name_a_row_of_another(self, merchant, other_merchant):
        with acting_as(other_merchant):
            theirs = Category.objects.create(
                merchant_id=other_merchant, uid=new_uid("cat"), title={"en": "theirs"}
            )

        def bind(category_id):
            with acting_as(merchant):
                Product.objects.create(
                    merchant_id=merchant, uid=new_uid("pro"), title={"en": "x"},
                    category_id=category_id,
                )  # fmt: skip

        with pytest.raises(IntegrityError, match="product_category_id_tenant_fk"):
            bind(theirs.pk)
        with acting_as(merchant):
            assert Product.objects.filter(merchant_id=merchant).count() == 0
        with acting_as(merchant):
            mine = Category.objects.create(
                merchant_id=merchant, uid=new_uid("cat"), title={"en": "mine"}
            )
        bind(mine.pk)


class TestRule23:
    def test_logs_can_only_be_added_to(self, catalogue):
        for table in sorted(APPEND_ONLY):
            (rights,) = catalogue.execute(
                "select has_table_privilege('kacang_app', %s::regclass, 'insert'),"
                " has_table_privilege('kacang_app', %s::regclass, 'update'),"
                " has_any_column_privilege('kacang_app', %s::regclass, 'update'),"
                " has_table_privilege('kacang_app', %s::regclass, 'delete')",
                [table] * 4,
            )
            assert rights == (True, False, False, False), table
