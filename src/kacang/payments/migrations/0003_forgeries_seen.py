"""How many forged messages came in, of all merchants together: for the operator's figures."""

from django.db import migrations

from kacang.merchants import schema


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_tenants")]

    operations = [
        schema.definer(
            "forgeries_seen()", "bigint", "select coalesce(sum(count), 0)::bigint from forgery"
        ),
    ]
