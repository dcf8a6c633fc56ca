"""How much of an order is given back, and which units go with it (P4)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

ORDERS = """
alter table sale_order add column refund_minor bigint not null default 0,
    add constraint sale_order_refund_within check (refund_minor between 0 and payable_minor);
alter table order_unit drop constraint order_unit_state_check;
alter table order_unit add constraint order_unit_state_check check (state between 0 and 5);
alter table refund add constraint refund_order_fk
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id);

create table refund_unit (
    merchant_id bigint not null,
    refund_id bigint not null,
    line_id bigint not null,
    unit_no int not null,
    -- A `Fate` of the vault's room; null until the refund is approved.
    fate smallint check (fate between 0 and 3),
    primary key (merchant_id, refund_id, line_id, unit_no),
    foreign key (merchant_id, refund_id) references refund (merchant_id, id),
    foreign key (merchant_id, line_id, unit_no) references order_unit (merchant_id, line_id, unit_no)
);
"""
BACK = """
drop table refund_unit;
alter table refund drop constraint refund_order_fk;
alter table order_unit drop constraint order_unit_state_check;
alter table order_unit add constraint order_unit_state_check check (state between 0 and 4);
alter table sale_order drop column refund_minor;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_redemptions"),
        ("payments", "0012_refunds"),
        ("vault", "0013_shown_codes"),
        ("stock", "0003_goods_back"),
    ]

    operations = [
        migrations.RunSQL(
            ORDERS,
            BACK,
            state_operations=[
                migrations.AddField("order", "refund_minor", models.BigIntegerField(default=0)),
            ],
        ),
        schema.tenant_table("refund_unit", grants="select, insert, update (fate)"),
        migrations.CreateModel(
            name="RefundUnit",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id",
                        "refund_id",
                        "line_id",
                        "unit_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("refund_id", models.BigIntegerField()),
                ("line_id", models.BigIntegerField()),
                ("unit_no", models.IntegerField()),
                ("fate", models.SmallIntegerField(null=True)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={"db_table": "refund_unit", "managed": False},
        ),
    ]
