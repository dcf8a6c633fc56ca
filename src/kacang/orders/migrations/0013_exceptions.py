"""The exception queue, changes that buyers ask for, and the deadlines of both (O6, O8)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = """
create table order_exception (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    order_id bigint not null,
    kind smallint not null check (kind between 1 and 6),
    reason varchar(40) not null default '',
    -- What of the order it is about: a refund, a request, a message.
    subject varchar(40) not null default '',
    -- Whether it stands for something that can be looked up, and ends with it.
    is_found boolean not null default true,
    since timestamptz not null,
    opened_at timestamptz not null default clock_timestamp(),
    due_at timestamptz not null,
    level smallint not null default 0 check (level between 0 and 9),
    owner_id bigint,
    owned_at timestamptz,
    closed_at timestamptz,
    ending varchar(40) not null default '',
    closed_by varchar(120) not null default '',
    primary key (merchant_id, id),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id),
    foreign key (merchant_id, owner_id) references membership (merchant_id, user_id),
    check ((owner_id is null) = (owned_at is null)),
    check ((closed_at is null) = (ending = ''))
);
create unique index order_exception_open on order_exception (merchant_id, order_id, kind)
    where closed_at is null;
create index order_exception_queue on order_exception (merchant_id, due_at, id)
    where closed_at is null;
create index order_exception_kind on order_exception (merchant_id, kind, due_at, id)
    where closed_at is null;
create index order_exception_owner on order_exception (merchant_id, owner_id, due_at, id)
    where closed_at is null and owner_id is not null;
create index order_exception_closed on order_exception (merchant_id, closed_at, id)
    where closed_at is not null;
create index order_exception_order on order_exception (merchant_id, order_id);

create table change_request (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    order_id bigint not null,
    state smallint not null default 0 check (state between 0 and 3),
    -- {"email": ["before", "after"], "form.account": [...]}; secret answers are in `sealed`.
    changes jsonb not null,
    sealed bytea,
    reason varchar(300) not null default '',
    asked_kind varchar(10) not null,
    asked_id bigint,
    asked_by varchar(120) not null default '',
    asked_at timestamptz not null default clock_timestamp(),
    decided_by varchar(120) not null default '',
    decided_at timestamptz,
    decision varchar(300) not null default '',
    primary key (merchant_id, id),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id),
    check ((state = 0) = (decided_at is null))
);
create unique index change_request_open on change_request (merchant_id, order_id) where state = 0;
create index change_request_order on change_request (merchant_id, order_id);

create table escalation_step (
    merchant_id bigint not null,
    level smallint not null check (level between 1 and 9),
    -- After the deadline of the exception.
    after_minutes int not null check (after_minutes between 0 and 43200),
    role varchar(20) not null default '',
    person_id bigint,
    primary key (merchant_id, level),
    foreign key (merchant_id, person_id) references membership (merchant_id, user_id),
    check ((role = '') <> (person_id is null))
);

-- Added, never changed: the latest one that has begun holds.
create table deadline_rule (
    id bigint generated always as identity,
    merchant_id bigint not null,
    stage varchar(20) not null,
    kind varchar(20) not null default '',
    minutes int check (minutes between 1 and 129600),
    warn_minutes int not null default 0 check (warn_minutes between 0 and 129600),
    is_working boolean not null default false,
    valid_from timestamptz not null,
    primary key (merchant_id, id),
    unique (merchant_id, stage, kind, valid_from)
);

create table work_week (
    merchant_id bigint not null,
    -- Seven lists, from Monday on, of spans of minutes of the day.
    weekly jsonb not null,
    primary key (merchant_id)
);
create table work_day (
    merchant_id bigint not null,
    day date not null,
    name varchar(40) not null default '',
    -- As a weekday of that number, from 0 for Monday; null: nobody works.
    as_weekday smallint check (as_weekday between 0 and 6),
    primary key (merchant_id, day)
);
"""
BACK = """
drop table work_day, work_week, deadline_rule, escalation_step, change_request, order_exception;
"""
TENANTS = ("escalation_step", "deadline_rule", "work_week", "work_day")


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0012_customers"),
        ("merchants", "0005_retired_keys"),
    ]

    operations = [
        migrations.RunSQL(TABLES, BACK),
        schema.tenant_table("order_exception", grants="select, insert, update"),
        schema.tenant_table("change_request", grants="select, insert, update"),
        *(schema.tenant_table(table) for table in TENANTS),
        *(schema.of_merchant(table) for table in TENANTS),
    ]
