"""Policies and composite references (rules 16 to 18)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = ("category", "product", "picture", "sku")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [
        *(schema.tenant_table(table) for table in TABLES),
        *(schema.of_merchant(table) for table in TABLES),
        *(schema.tenant_key(table) for table in ("category", "product", "sku")),
        schema.tenant_reference(
            "product", "category_id", "category", on_delete="on delete set null (category_id)"
        ),
        schema.tenant_reference("picture", "product_id", "product", on_delete="on delete cascade"),
        schema.tenant_reference("sku", "product_id", "product"),
    ]
