"""What a job did, or is to do, with each of many orders (O4)."""

from django.db import migrations

from kacang.merchants import schema

TABLE = """
create table batch_row (
    merchant_id bigint not null,
    work_id bigint not null,
    row_no int not null,
    -- Null where a file names an order that there is none of.
    order_id bigint,
    order_number text not null default '' check (length(order_number) <= 40),
    -- Of the file, as people count it; 0: there is no file.
    line_no int not null default 0,
    courier text not null default '' check (length(courier) <= 20),
    tracking_number text not null default '' check (length(tracking_number) <= 60),
    -- 0: to be done, 1: done, 2: refused for `reason`, the code of an error.
    outcome smallint not null default 0 check (outcome between 0 and 2),
    reason text not null default '' check (length(reason) <= 60),
    shipment text not null default '',
    primary key (merchant_id, work_id, row_no),
    foreign key (merchant_id, work_id) references work (merchant_id, id) on delete cascade,
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id)
);
create index batch_row_refused on batch_row (merchant_id, work_id, row_no) where outcome = 2;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0015_views"), ("outbox", "0002_tenants")]

    operations = [
        migrations.RunSQL(TABLE, "drop table batch_row;"),
        schema.tenant_table("batch_row"),
    ]
