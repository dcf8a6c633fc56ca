"""Rules that look at paid orders, what they decided, and which orders come first (O9)."""

from django.db import migrations, models

from kacang.merchants import schema

TABLES = """
create table review_rule (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    -- Its place in the list: the first one that fits decides.
    position int not null,
    version int not null default 1,
    is_on boolean not null default false,
    -- Its decisions stay: a rule that is deleted is only put away.
    deleted_at timestamptz,
    primary key (merchant_id, id)
);
create index review_rule_list on review_rule (merchant_id, position, id) where deleted_at is null;

-- Added, never changed: what a rule said when it decided.
create table review_rule_version (
    merchant_id bigint not null,
    rule_id bigint not null,
    version int not null,
    name varchar(60) not null,
    conditions jsonb not null,
    verdict smallint not null check (verdict between 0 and 3),
    priority smallint not null check (priority between 0 and 9),
    assignee_id bigint,
    made_by varchar(120) not null default '',
    made_at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, rule_id, version),
    foreign key (merchant_id, rule_id) references review_rule (merchant_id, id),
    foreign key (merchant_id, assignee_id) references membership (merchant_id, id),
    check (verdict > 0 or priority > 0 or assignee_id is not null)
);

-- One row for each merchant who ever had a rule: `stamp` grows with every change of any.
create table review_book (
    merchant_id bigint not null primary key,
    stamp bigint not null,
    rules_on int not null check (rules_on >= 0)
);

create table order_review (
    merchant_id bigint not null,
    order_id bigint not null,
    verdict smallint not null check (verdict between 1 and 3),
    -- 0 nothing to look at, 1 waits for a person, 2 approved, 3 rejected.
    state smallint not null check (state between 0 and 3),
    facts jsonb not null,
    decided_at timestamptz not null,
    closed_at timestamptz,
    closed_by varchar(120) not null default '',
    closing varchar(300) not null default '',
    primary key (merchant_id, order_id),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id),
    check ((state in (0, 1)) = (closed_at is null))
);
create index order_review_open on order_review (merchant_id, order_id) where state = 1;

-- Which rules had a part in it, in which version.
create table review_hit (
    merchant_id bigint not null,
    rule_id bigint not null,
    order_id bigint not null,
    version int not null,
    -- Whether it is the one that decided.
    is_deciding boolean not null,
    primary key (merchant_id, rule_id, order_id),
    foreign key (merchant_id, rule_id, version)
        references review_rule_version (merchant_id, rule_id, version),
    foreign key (merchant_id, order_id) references order_review (merchant_id, order_id)
);
create index review_hit_of_order on review_hit (merchant_id, order_id);
"""
BACK = "drop table review_hit, order_review, review_book, review_rule_version, review_rule;"
PRIORITY = """
alter table sale_order add column priority smallint not null default 0
    check (priority between 0 and 9);
-- Both are empty where no rule gives priority, and no list leans on them that does not ask for it.
-- What is worked on, in each state the greatest priority first, then the oldest.
create index sale_order_first on sale_order (merchant_id, state, (- priority), id)
    where state in (1, 2, 9) and priority > 0;
create index sale_order_prioritised on sale_order (merchant_id, id) where priority > 0;
"""
NO_PRIORITY = "alter table sale_order drop column priority;"
OF_MERCHANT = ("review_rule", "review_rule_version", "review_book")
OF_ORDER = (
    "exists (select from sale_order o"
    " where o.merchant_id = {table}.merchant_id and o.id = {table}.order_id)"
)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0022_change_recipients"),
        ("merchants", "0007_roles"),
    ]

    operations = [
        migrations.RunSQL(TABLES, BACK),
        migrations.RunSQL(
            PRIORITY,
            NO_PRIORITY,
            state_operations=[
                migrations.AddField("order", "priority", models.SmallIntegerField(default=0))
            ],
        ),
        schema.tenant_table("review_rule", grants="select, insert, update"),
        schema.tenant_table("review_rule_version", grants=schema.APPEND_ONLY),
        schema.tenant_table("review_book", grants="select, insert, update"),
        schema.tenant_table("order_review", grants="select, insert, update"),
        schema.tenant_table("review_hit", grants=schema.APPEND_ONLY),
        *(schema.of_merchant(table) for table in OF_MERCHANT),
        *(
            schema.within_reach(table, OF_ORDER.format(table=table))
            for table in ("order_review", "review_hit")
        ),
    ]
