"""Reviews of products, their pictures, and sums of stars (X2)."""

from django.db import migrations, models

from kacang.merchants import schema

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
TABLES = """
create table product_review (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    product_id bigint not null,
    order_id bigint not null,
    line_id bigint not null,
    stars smallint not null check (stars between 1 and 5),
    body varchar(1000) not null default '',
    author varchar(20) not null default '',
    state smallint not null default 1 check (state between 1 and 3),
    reason varchar(300) not null default '',
    moderated_by varchar(120) not null default '',
    moderated_at timestamptz,
    answer varchar(1000) not null default '',
    answered_by varchar(120) not null default '',
    answered_at timestamptz,
    created_at timestamptz not null,
    primary key (merchant_id, id),
    -- Who bought a line says it once.
    unique (merchant_id, line_id),
    foreign key (merchant_id, product_id) references product (merchant_id, id),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id),
    foreign key (merchant_id, line_id) references order_line (merchant_id, id),
    check ((moderated_at is null) = (state = 1)),
    check ((answered_at is null) = (answer = ''))
);
create index review_shown on product_review (merchant_id, product_id, id) where state = 2;
create index review_queue on product_review (merchant_id, state, id);

create table review_picture (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    review_id bigint not null,
    file_uid varchar(32) not null,
    primary key (merchant_id, id),
    foreign key (merchant_id, review_id) references product_review (merchant_id, id)
);
create index review_picture_of_review on review_picture (merchant_id, review_id, id);

create table review_tally (
    merchant_id bigint not null,
    product_id bigint not null,
    one integer not null default 0 check (one >= 0),
    two integer not null default 0 check (two >= 0),
    three integer not null default 0 check (three >= 0),
    four integer not null default 0 check (four >= 0),
    five integer not null default 0 check (five >= 0),
    primary key (merchant_id, product_id),
    foreign key (merchant_id, product_id) references product (merchant_id, id)
);
"""
NAMES = {"Review": "product_review", "ReviewPicture": "review_picture", "Tally": "review_tally"}


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("orders", "0008_refunds"),
        ("catalog", "0006_gift_cards"),
        ("merchants", "0005_retired_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name=name, fields=[("id", ID)], options={"db_table": table, "managed": False}
        )
        for name, table in NAMES.items()
    ] + [
        migrations.RunSQL(TABLES, "drop table review_tally, review_picture, product_review;"),
        schema.tenant_table("product_review", grants="select, insert, update"),
        schema.tenant_table("review_picture", grants="select, insert"),
        schema.tenant_table("review_tally", grants="select, insert, update"),
    ]
