"""As whom the buyer of an order reads in the shop's mini-program (N1)."""

from django.db import migrations

from kacang.merchants import schema

TABLE = """
create table order_openid (
    merchant_id bigint not null,
    order_id bigint not null,
    -- As an e-mail address stands with its order; gone when it is taken back.
    openid varchar(64) not null check (openid ~ '^[A-Za-z0-9_-]{10,64}$'),
    set_at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, order_id),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id)
);
"""
OF_ORDER = (
    "exists (select from sale_order o"
    " where o.merchant_id = order_openid.merchant_id and o.id = order_openid.order_id)"
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0025_notices_within_reach")]

    operations = [
        migrations.RunSQL(TABLE, "drop table order_openid;"),
        schema.tenant_table("order_openid"),
        schema.within_reach("order_openid", OF_ORDER),
    ]
