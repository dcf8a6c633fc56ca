"""Policies and references of parcels (rules 16 to 18)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = ("shipment", "shipment_unit", "recipient", "slip_print")


class Migration(migrations.Migration):
    dependencies = [("logistics", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [
        *(schema.tenant_table(table) for table in TABLES),
        *(schema.of_merchant(table) for table in TABLES),
        schema.tenant_key("shipment"),
        schema.tenant_reference("shipment_unit", "shipment_id", "shipment"),
    ]
