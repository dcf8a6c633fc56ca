"""Tags of orders, and an index for each thing that orders are looked for by (O2, rule 16)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

COLUMNS = """
alter table sale_order add column has_note boolean not null default false;
update sale_order o set has_note = true
where exists (
    select from timeline t
    where t.merchant_id = o.merchant_id and t.order_id = o.id and t.event = 8);
"""
INDEXES = """
create index sale_order_placed on sale_order (merchant_id, created_at, id);
create index sale_order_amount on sale_order (merchant_id, payable_minor, id);
create index sale_order_channel on sale_order (merchant_id, channel, id);
create index sale_order_key on sale_order (merchant_id, api_key_id, id) where api_key_id <> 0;
create index sale_order_phone_tail on sale_order (merchant_id, phone_tail, id)
    where phone_tail <> '';
create index sale_order_held on sale_order (merchant_id, hold_reason, id) where state = 9;
create index sale_order_noted on sale_order (merchant_id, id) where has_note;
create index order_line_of_sku on order_line (merchant_id, sku_id, order_id);
create index payment_paid_through on payment (merchant_id, account_id, order_id) where state = 1;
"""
NO_INDEXES = """
drop index sale_order_placed, sale_order_amount, sale_order_channel, sale_order_key,
    sale_order_phone_tail, sale_order_held, sale_order_noted, order_line_of_sku,
    payment_paid_through;
"""
TAGGED = """
create table order_tag (
    merchant_id bigint not null,
    tag_id bigint not null,
    order_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, tag_id, order_id),
    foreign key (merchant_id, tag_id) references tag (merchant_id, id) on delete cascade,
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id)
);
create index order_tag_of_order on order_tag (merchant_id, order_id);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_shipping"),
        ("payments", "0012_refunds"),
        ("merchants", "0002_tenants"),
    ]

    operations = [
        migrations.RunSQL(
            COLUMNS,
            "alter table sale_order drop column has_note;",
            state_operations=[
                migrations.AddField("order", "has_note", models.BooleanField(default=False)),
            ],
        ),
        migrations.RunSQL(INDEXES, NO_INDEXES),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32)),
                ("name", models.CharField(max_length=20)),
                ("colour", models.CharField(max_length=10)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "db_table": "tag",
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "uid"), name="tag_uid_once"),
                    models.UniqueConstraint(fields=("merchant", "name"), name="tag_name_once"),
                ],
            },
        ),
        schema.tenant_key("tag"),
        schema.tenant_table("tag"),
        schema.of_merchant("tag"),
        migrations.RunSQL(TAGGED, "drop table order_tag;"),
        schema.tenant_table("order_tag", grants="select, insert, delete"),
        migrations.CreateModel(
            name="OrderTag",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id",
                        "tag_id",
                        "order_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="orders.tag",
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
            options={"db_table": "order_tag", "managed": False},
        ),
    ]
