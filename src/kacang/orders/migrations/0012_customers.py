"""Whose orders they are, where buyers agreed to be remembered (H1)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

TABLE = """
create table order_customer (
    merchant_id bigint not null,
    order_id bigint not null,
    customer_id bigint not null,
    primary key (merchant_id, order_id),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id),
    foreign key (merchant_id, customer_id) references customer (merchant_id, id)
);
create index order_customer_of on order_customer (merchant_id, customer_id, order_id);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0011_claims"), ("customers", "0002_tenants")]

    operations = [
        migrations.RunSQL(TABLE, "drop table order_customer;"),
        schema.tenant_table("order_customer"),
        migrations.CreateModel(
            name="OrderCustomer",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id",
                        "order_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("customer_id", models.BigIntegerField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="orders.order",
                    ),
                ),
            ],
            options={"db_table": "order_customer", "managed": False},
        ),
    ]
