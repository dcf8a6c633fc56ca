"""Grants on the tables that have no policy: one reviewed list (rule 17)."""

from django.db import migrations

from kacang.merchants.schema import SHARED_TABLES

GRANTS = "".join(
    f"""do $$ begin
        if to_regclass('public.{table}') is not null then
            grant select, insert, update, delete on {table} to kacang_app;
            grant select on {table} to kacang_backup;
        end if;
    end $$;"""
    for table in SHARED_TABLES
)
SEQUENCES = """
grant usage, select on all sequences in schema public to kacang_app;
grant usage on schema public to kacang_app, kacang_backup;
revoke insert, update, delete on django_migrations from kacang_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0002_tenants"),
        ("account", "__latest__"),
        ("auth", "__latest__"),
        ("axes", "__latest__"),
        ("contenttypes", "__latest__"),
        ("mfa", "__latest__"),
        ("procrastinate", "__latest__"),
        ("sessions", "__latest__"),
        ("usersessions", "__latest__"),
        ("orders", "0002_tenants"),
        ("messages_room", "0002_tenants"),
        ("ledger", "0002_tenants"),
    ]

    operations = [migrations.RunSQL(GRANTS + SEQUENCES, migrations.RunSQL.noop)]
