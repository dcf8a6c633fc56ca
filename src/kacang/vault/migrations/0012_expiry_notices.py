"""Sold and frozen cards that expire, by time; of which the buyers were told (V8)."""

from django.db import migrations

from kacang.merchants import schema

TABLE = """
create table card_notice (
    merchant_id bigint not null,
    card_id bigint not null,
    line_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, card_id, line_id),
    foreign key (merchant_id, card_id) references card (merchant_id, id)
);
create index card_sold_expiry on card (merchant_id, expires_at)
    where state = 2 and expires_at is not null;
create index card_frozen_expiry on card (merchant_id, expires_at)
    where state = 8 and expires_at is not null;
"""
BACK = "drop index card_sold_expiry, card_frozen_expiry; drop table card_notice;"


class Migration(migrations.Migration):
    dependencies = [("vault", "0011_where_cards_were")]

    operations = [
        migrations.RunSQL(TABLE, BACK),
        schema.tenant_table("card_notice", grants="select, insert"),
    ]
