"""Policies (rule 16)."""

from django.db import migrations

from kacang.merchants import schema


class Migration(migrations.Migration):
    dependencies = [("messages_room", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [schema.tenant_table("message"), schema.of_merchant("message")]
