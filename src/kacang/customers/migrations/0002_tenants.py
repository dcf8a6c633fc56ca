"""Policies, grants and references of customers (rules 16 to 18)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = (
    "customer_level",
    "customer",
    "customer_contact",
    "customer_consent",
    "customer_note",
)


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [
        schema.tenant_table("customer_level"),
        schema.tenant_table("customer", grants="select, insert, update"),
        schema.tenant_table("customer_contact"),
        schema.tenant_table("customer_consent", grants="select, insert, update"),
        schema.tenant_table("customer_note"),
        *(schema.of_merchant(table) for table in TABLES),
        schema.tenant_key("customer_level"),
        schema.tenant_key("customer"),
        schema.tenant_reference("customer", "level_id", "customer_level"),
        schema.tenant_reference("customer", "merged_into_id", "customer"),
        *(
            schema.tenant_reference(table, "customer_id", "customer")
            for table in ("customer_contact", "customer_consent", "customer_note")
        ),
    ]
