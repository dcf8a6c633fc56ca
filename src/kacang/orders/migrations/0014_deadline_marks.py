"""What came near its deadline, and whether it was met (O8)."""

from django.db import migrations

from kacang.merchants import schema

TABLE = """
create table deadline_mark (
    id bigint generated always as identity,
    merchant_id bigint not null,
    stage varchar(20) not null,
    order_id bigint not null,
    -- A refund, a request or an exception of the order; 0: the order itself.
    subject bigint not null default 0,
    kind varchar(20) not null default '',
    started_at timestamptz not null,
    due_at timestamptz not null,
    marked_at timestamptz not null default clock_timestamp(),
    breached_at timestamptz,
    ended_at timestamptz,
    primary key (merchant_id, id),
    unique (merchant_id, order_id, stage, subject, started_at),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id),
    check (breached_at is null or breached_at = due_at)
);
create index deadline_mark_open on deadline_mark (merchant_id, due_at, id) where ended_at is null;
create index deadline_mark_missed on deadline_mark (merchant_id, due_at, id)
    where breached_at is not null;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0013_exceptions")]

    operations = [
        migrations.RunSQL(TABLE, "drop table deadline_mark;"),
        schema.tenant_table("deadline_mark", grants="select, insert, update"),
    ]
