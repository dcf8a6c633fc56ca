"""Cards that are small files, and cards with a cost of their own (V2)."""

from django.db import migrations

COLUMNS = """
alter table card
    add column cost_minor bigint check (cost_minor >= 0),
    add column content_type varchar(40),
    add column file_name bytea,
    add check ((content_type is null) = (file_name is null));
"""
BACK = "alter table card drop column cost_minor, drop column content_type, drop column file_name;"


class Migration(migrations.Migration):
    dependencies = [("vault", "0002_tenants")]

    operations = [migrations.RunSQL(COLUMNS, BACK)]
