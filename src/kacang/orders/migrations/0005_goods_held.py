"""Pieces are held by lines of orders (rule 18)."""

from django.db import migrations

from kacang.merchants import schema


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_moved"), ("stock", "0002_tenants")]

    operations = [schema.tenant_reference("goods_hold", "line_id", "order_line")]
