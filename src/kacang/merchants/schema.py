"""What migrations say about tenants: policies, grants, composite references.

The owner of the tables is not held by the policies; pages and jobs run as `kacang_app`, which
is (rule 17). Table names are written by us, never by a user.
"""

from django.db.migrations import RunSQL

CURRENT = "nullif(current_setting('kacang.merchant', true), '')::bigint"
ALL = "select, insert, update, delete"
APPEND_ONLY = "select, insert"

# Tables of the app's database without a policy, each with its reason (rule 17). A test holds
# the catalogue to this list.
SHARED_TABLES = {
    "account_emailaddress": "people work for several merchants",
    "account_emailconfirmation": "people work for several merchants",
    "auth_group": "Django's own, unused",
    "auth_group_permissions": "Django's own, unused",
    "auth_permission": "Django's own, unused",
    "axes_accessattempt": "log-in attempts come before a merchant is known",
    "axes_accessattemptexpiration": "log-in attempts come before a merchant is known",
    "axes_accessfailurelog": "log-in attempts come before a merchant is known",
    "axes_accesslog": "log-in attempts come before a merchant is known",
    "django_content_type": "Django's own",
    "django_migrations": "Django's own",
    "django_session": "sessions belong to people",
    "mfa_authenticator": "people work for several merchants",
    "operator_entry": "what operators did; they belong to no merchant",
    "person": "people work for several merchants",
    "person_groups": "Django's own, unused",
    "person_user_permissions": "Django's own, unused",
    "procrastinate_events": "the queue's own; arguments are ids",
    "procrastinate_jobs": "the queue's own; arguments are ids",
    "procrastinate_periodic_defers": "the queue's own",
    "procrastinate_workers": "the queue's own",
    "second_factor_use": "people work for several merchants, and operators for none",
    "sign_in_place": "where people sign in, before a merchant is known",
    "usersessions_usersession": "sessions belong to people",
}


def tenant_table(table: str, *, grants: str = ALL, column: str = "merchant_id") -> RunSQL:
    """Put `table` under the merchant's policy and grant it to the app."""
    return RunSQL(
        f"""
        alter table {table} enable row level security;
        create policy merchant on {table} to kacang_app
            using ({column} = {CURRENT}) with check ({column} = {CURRENT});
        grant {grants} on {table} to kacang_app;
        grant select on {table} to kacang_backup;
        """,
        f"drop policy merchant on {table}; alter table {table} disable row level security;",
    )


def within_reach(table: str, seen: str) -> RunSQL:
    """Show of `table` only what somebody's role reaches to (I1).

    Args:
        table: Under the merchant's policy already: this one takes away, it gives nothing.
        seen: A condition, asked only where the transaction has a reach.
    """
    # A case is not weighed by the planner as a condition is: plans of the hot path stay.
    return RunSQL(
        f"""
        create policy reach on {table} as restrictive to kacang_app
            using (case when coalesce(current_setting('kacang.reach', true), '') = '' then true
                        else {seen} end);
        """,
        f"drop policy reach on {table};",
    )


def tenant_key(table: str) -> RunSQL:
    """Make (merchant_id, id) referable, for composite references (rule 18)."""
    name = f"{table}_merchant_id_key"
    return RunSQL(
        f"alter table {table} add constraint {name} unique (merchant_id, id);",
        f"alter table {table} drop constraint {name};",
    )


def tenant_reference(table: str, column: str, target: str, *, on_delete: str = "") -> RunSQL:
    """Reference (merchant_id, column) → target (merchant_id, id).

    A plain reference would let one merchant name another's row: checks of foreign keys do not
    ask the policies (rule 18).
    """
    name = f"{table}_{column}_tenant_fk"
    return RunSQL(
        f"alter table {table} add constraint {name} foreign key (merchant_id, {column})"
        f" references {target} (merchant_id, id) {on_delete};",
        f"alter table {table} drop constraint {name};",
    )


def of_merchant(table: str) -> RunSQL:
    """Reference the merchant. For tables that are not hot: hot ones lean on their parents."""
    name = f"{table}_merchant_fk"
    return RunSQL(
        f"alter table {table} add constraint {name} foreign key (merchant_id)"
        " references merchant (id);",
        f"alter table {table} drop constraint {name};",
    )


def monthly(table: str) -> RunSQL:
    """Give a table that is partitioned by range of time its default and its first months."""
    return RunSQL(
        f"create table {table}_default partition of {table} default;"
        f"select kacang_make_partitions('{table}', 3);",
        f"drop table {table}_default;",
    )


def definer(signature: str, returns: str, body: str, *, language: str = "sql") -> RunSQL:
    """Make a function that sees every merchant's rows, for what must be known before one is.

    It runs as the owner with a fixed search path, and only the app may call it.
    """
    return RunSQL(
        f"""
        create function {signature} returns {returns} language {language} security definer
            set search_path = public, pg_temp as $body${body}$body$;
        revoke all on function {signature} from public;
        grant execute on function {signature} to kacang_app;
        """,
        f"drop function {signature};",
    )
