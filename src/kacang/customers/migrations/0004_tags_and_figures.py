"""Tags of customers, figures of their orders to sort and narrow by, and whose notes are whose."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

LIVING = models.Q(("forgotten_at__isnull", True), ("merged_into__isnull", True))
TABLES = """
create table customer_tagged (
    merchant_id bigint not null,
    tag_id bigint not null,
    customer_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, tag_id, customer_id),
    foreign key (merchant_id, tag_id) references customer_tag (merchant_id, id) on delete cascade,
    foreign key (merchant_id, customer_id) references customer (merchant_id, id)
);
create index customer_tagged_of on customer_tagged (merchant_id, customer_id);

-- What a job over many customers is about, one row each: what makes it safe to repeat.
create table customer_job_row (
    merchant_id bigint not null,
    work_id bigint not null,
    row_no int not null,
    customer_id bigint not null,
    -- 0: to be done, 1: done, 2: it was so before, or they are gone, 3: they have too many tags.
    outcome smallint not null default 0 check (outcome between 0 and 3),
    primary key (merchant_id, work_id, row_no),
    foreign key (merchant_id, work_id) references work (merchant_id, id) on delete cascade,
    foreign key (merchant_id, customer_id) references customer (merchant_id, id)
);

-- Up to which transaction the timeline of orders was looked through for customers.
create table customer_mark (
    merchant_id bigint primary key,
    upto_xid bigint not null default 0
);
"""
# In which way somebody agreed last.
WAYS = """
update customer c set agreed_way = w.way
from (
    select distinct on (merchant_id, customer_id) merchant_id, customer_id, way
    from customer_consent where is_given order by merchant_id, customer_id, id desc
) w
where w.merchant_id = c.merchant_id and w.customer_id = c.id and c.agreed_at is not null;
"""


def _index(name: str, *fields: str) -> migrations.AddIndex:
    index = models.Index(condition=LIVING, fields=["merchant", *fields, "-id"], name=name)
    return migrations.AddIndex(model_name="customer", index=index)


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_openid"), ("outbox", "0002_tenants")]

    operations = [
        migrations.AddField(
            "customer",
            "agreed_way",
            models.CharField(blank=True, default="", max_length=10),
            preserve_default=False,
        ),
        migrations.AddField("customer", "paid_orders", models.IntegerField(default=0)),
        migrations.AddField("customer", "spent_minor", models.BigIntegerField(default=0)),
        migrations.AddField(
            "customer",
            "last_order_at",
            models.DateTimeField(default=datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)),
        ),
        migrations.AddField("customer", "figures_due", models.BooleanField(default=True)),
        migrations.AddField(
            "note",
            "actor_kind",
            models.CharField(blank=True, default="", max_length=10),
            preserve_default=False,
        ),
        migrations.AddField("note", "actor_id", models.BigIntegerField(null=True)),
        migrations.AddField("note", "changed_at", models.DateTimeField(null=True)),
        migrations.RunSQL(WAYS, migrations.RunSQL.noop),
        _index("customer_of_way", "agreed_way"),
        _index("customer_last_order", "-last_order_at"),
        _index("customer_spent", "-spent_minor"),
        _index("customer_orders", "-paid_orders"),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("figures_due", True)),
                fields=["merchant", "id"],
                name="customer_due",
            ),
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("name", models.CharField(max_length=20)),
                ("colour", models.CharField(max_length=10)),
                ("created_at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "db_table": "customer_tag",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "name"), name="customer_tag_name_once"
                    )
                ],
            },
        ),
        schema.tenant_key("customer_tag"),
        schema.tenant_table("customer_tag"),
        schema.of_merchant("customer_tag"),
        migrations.RunSQL(TABLES, "drop table customer_mark, customer_job_row, customer_tagged;"),
        schema.tenant_table("customer_tagged", grants="select, insert, delete"),
        schema.tenant_table("customer_job_row"),
        schema.tenant_table("customer_mark", grants="select, insert, update"),
        schema.of_merchant("customer_mark"),
        migrations.CreateModel(
            name="Tagged",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id",
                        "tag_id",
                        "customer_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
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
                        to="customers.tag",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="customers.customer",
                    ),
                ),
            ],
            options={"db_table": "customer_tagged", "managed": False},
        ),
    ]
