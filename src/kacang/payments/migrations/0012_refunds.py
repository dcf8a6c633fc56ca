"""Money that goes back: refunds and what companies say of them, by hand, and policies (P4)."""

import django.db.models.deletion
import kacang.payments.refund_models
from django.db import migrations, models

from kacang.merchants import schema

# A receipt is never given back twice over, and money in suspense that is given back can pay for
# no order any more: held by the receipt's own row, whoever comes at once.
RECEIPT = """
alter table receipt
    add column back_minor bigint not null default 0,
    add column back_fits boolean,
    add constraint receipt_back_within check (back_minor between 0 and amount_minor),
    add constraint receipt_back_is_what_it_was check (
        back_minor = 0 or coalesce(back_fits = coalesce(fit = 0, false), false));
"""
RECEIPT_BACK = "alter table receipt drop column back_minor, drop column back_fits;"
TABLES = """
create table refund (
    id bigint generated always as identity,
    merchant_id bigint not null,
    number varchar(32) not null unique check (number ~ '^[0-9A-Za-z]{8,32}$'),
    order_id bigint,
    account_id bigint not null,
    receipt_id bigint,
    state smallint not null default 0 check (state between 0 and 7),
    way smallint not null default 0 check (way between 0 and 2),
    amount_minor bigint not null check (amount_minor > 0),
    currency varchar(4) not null,
    fits boolean not null default true,
    cards smallint not null default 0 check (cards between 0 and 2),
    reason varchar(300) not null default '',
    request_uid varchar(64) not null default '',
    asked_kind varchar(10) not null,
    asked_id bigint,
    asked_by varchar(120) not null default '',
    asked_at timestamptz not null,
    decided_by varchar(120) not null default '',
    decided_at timestamptz,
    decision varchar(300) not null default '',
    sent_at timestamptz,
    ended_at timestamptz,
    provider_ref varchar(128) not null default '',
    said varchar(300) not null default '',
    follows_id bigint,
    ask_at timestamptz,
    asked smallint not null default 0,
    primary key (merchant_id, id),
    foreign key (merchant_id, account_id) references account (merchant_id, id),
    foreign key (merchant_id, receipt_id) references receipt (merchant_id, id),
    foreign key (merchant_id, follows_id) references refund (merchant_id, id),
    check (receipt_id is not null or state = 7),
    check ((state in (3, 5, 6)) = (ended_at is not null))
);
create index refund_order on refund (merchant_id, order_id) where order_id is not null;
create index refund_receipt on refund (merchant_id, receipt_id);
create index refund_state on refund (merchant_id, state, id);
create index refund_ask on refund (ask_at) where ask_at is not null;
create unique index refund_once on refund (merchant_id, request_uid, receipt_id)
    where request_uid <> '';
create unique index refund_outside_once on refund (account_id, provider_ref) where way = 2;

create table refund_message (
    id bigint generated always as identity,
    merchant_id bigint not null,
    account_id bigint not null,
    notice_id varchar(128) not null,
    refund_number varchar(64) not null default '',
    provider_number varchar(128) not null default '',
    payment_number varchar(64) not null default '',
    amount_minor bigint not null,
    currency varchar(4) not null,
    state varchar(8) not null,
    raw text not null,
    received_at timestamptz not null default clock_timestamp(),
    acted_at timestamptz,
    heard smallint not null default 0 check (heard between 0 and 4),
    tries smallint not null default 0,
    primary key (merchant_id, id),
    unique (account_id, notice_id),
    foreign key (merchant_id, account_id) references account (merchant_id, id)
);
create index refund_message_waiting on refund_message (merchant_id, id) where acted_at is null;
"""
# What was asked for stays as it was asked; how far it has come changes.
REFUND_GRANTS = (
    "select, insert, update (state, way, order_id, receipt_id, fits, decided_by, decided_at,"
    " decision, sent_at, ended_at, provider_ref, said, ask_at, asked)"
)
DUE = """
    select merchant_id, id from refund where ask_at <= clock_timestamp() order by ask_at limit most
"""
WAITING = """
    select merchant_id, id from refund_message
    where acted_at is null and received_at < clock_timestamp() - interval '2 seconds' and tries < 200
    order by id limit most
"""


def _to(target: str, *, null: bool = False) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False, null=null, on_delete=django.db.models.deletion.PROTECT, to=target
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_notices_by_time"), ("merchants", "0002_tenants")]

    operations = [
        migrations.RunSQL(
            RECEIPT,
            RECEIPT_BACK,
            state_operations=[
                migrations.AddField("receipt", "back_minor", models.BigIntegerField(default=0)),
                migrations.AddField("receipt", "back_fits", models.BooleanField(null=True)),
            ],
        ),
        migrations.RunSQL(TABLES, "drop table refund_message, refund;"),
        schema.tenant_table("refund", grants=REFUND_GRANTS),
        schema.tenant_table(
            "refund_message", grants="select, insert, update (acted_at, heard, tries)"
        ),
        schema.definer("refunds_due(most int)", "table (merchant_id bigint, id bigint)", DUE),
        schema.definer(
            "refund_messages_waiting(most int)", "table (merchant_id bigint, id bigint)", WAITING
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=32)),
                ("order_id", models.BigIntegerField(null=True)),
                (
                    "state",
                    models.SmallIntegerField(
                        default=kacang.payments.refund_models.RefundStatus["REQUESTED"]
                    ),
                ),
                (
                    "way",
                    models.SmallIntegerField(
                        default=kacang.payments.refund_models.RefundWay["ORIGIN"]
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=4)),
                ("fits", models.BooleanField(default=True)),
                ("cards", models.SmallIntegerField(default=0)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("request_uid", models.CharField(blank=True, max_length=64)),
                ("asked_kind", models.CharField(max_length=10)),
                ("asked_id", models.BigIntegerField(null=True)),
                ("asked_by", models.CharField(blank=True, max_length=120)),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, max_length=120)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision", models.CharField(blank=True, max_length=300)),
                ("sent_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("provider_ref", models.CharField(blank=True, max_length=128)),
                ("said", models.CharField(blank=True, max_length=300)),
                ("ask_at", models.DateTimeField(null=True)),
                ("asked", models.SmallIntegerField(default=0)),
            ],
            options={
                "db_table": "refund",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="RefundMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("notice_id", models.CharField(max_length=128)),
                ("refund_number", models.CharField(blank=True, max_length=64)),
                ("provider_number", models.CharField(blank=True, max_length=128)),
                ("payment_number", models.CharField(blank=True, max_length=64)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=4)),
                ("state", models.CharField(max_length=8)),
                ("raw", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("acted_at", models.DateTimeField(null=True)),
                (
                    "heard",
                    models.SmallIntegerField(
                        default=kacang.payments.refund_models.RefundHeard["WAITING"]
                    ),
                ),
                ("tries", models.SmallIntegerField(default=0)),
            ],
            options={
                "db_table": "refund_message",
                "managed": False,
            },
        ),
        migrations.AddField("sandboxcharge", "refund_mode", models.SmallIntegerField(default=0)),
        migrations.CreateModel(
            name="SandboxRefund",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("refund_number", models.CharField(blank=True, max_length=64)),
                ("provider_number", models.CharField(max_length=32)),
                ("status", models.CharField(max_length=8)),
                ("amount_minor", models.BigIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("account", _to("payments.account")),
                ("charge", _to("payments.sandboxcharge")),
                ("merchant", _to("merchants.merchant")),
            ],
            options={
                "db_table": "sandbox_refund",
                "constraints": [
                    models.UniqueConstraint(
                        condition=~models.Q(refund_number=""),
                        fields=("merchant", "account", "refund_number"),
                        name="sandbox_refund_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(status__in=("pending", "done", "failed")),
                        name="sandbox_refund_status_known",
                    ),
                ],
            },
        ),
        schema.tenant_table("sandbox_refund"),
        schema.tenant_key("sandbox_charge"),
        schema.tenant_reference("sandbox_refund", "account_id", "account"),
        schema.tenant_reference("sandbox_refund", "charge_id", "sandbox_charge"),
    ]
