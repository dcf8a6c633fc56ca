"""After-sales cases with their units, messages, evidence and log; quick replies (X1, X2)."""

from django.db import migrations, models

from kacang.merchants import schema

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
TABLES = """
create table after_sales_case (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    order_id bigint not null,
    request_uid varchar(64) not null,
    kind smallint not null check (kind between 1 and 6),
    state smallint not null default 1 check (state between 1 and 5),
    buyer_key bytea,
    is_repeater boolean not null default false,
    owner_uid varchar(32) not null default '',
    owner_label varchar(120) not null default '',
    opened_at timestamptz not null,
    answer_by timestamptz not null,
    answered_at timestamptz,
    decide_by timestamptz not null,
    decided_at timestamptz,
    waiting_since timestamptz,
    due_at timestamptz,
    act_at timestamptz,
    alarms smallint not null default 0 check (alarms between 0 and 2),
    closed_at timestamptz,
    reopened smallint not null default 0 check (reopened >= 0),
    decision smallint check (decision between 1 and 4),
    decided_by varchar(120) not null default '',
    reason varchar(300) not null default '',
    amount_minor bigint check (amount_minor > 0),
    currency varchar(4) not null default '',
    outcome jsonb not null default '{}',
    stars smallint check (stars between 1 and 5),
    primary key (merchant_id, id),
    -- The same form sent twice opens one case.
    unique (merchant_id, order_id, request_uid),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id),
    -- Whose turn it is says which clock runs.
    check ((due_at is not null) = (state in (1, 2))),
    check ((waiting_since is not null) = (state = 3)),
    check ((closed_at is not null) = (state = 5)),
    check (state <> 4 or decision is not null),
    check ((decision is null) = (decided_at is null))
);
create index case_due on after_sales_case (merchant_id, state, due_at, id);
create index case_newest on after_sales_case (merchant_id, state, id);
create index case_buyer on after_sales_case (merchant_id, buyer_key, id)
    where buyer_key is not null;
create index case_to_look_at on after_sales_case (merchant_id, act_at, id)
    where act_at is not null;

create table case_unit (
    merchant_id bigint not null,
    case_id bigint not null,
    line_id bigint not null,
    unit_no integer not null,
    is_open boolean not null default true,
    primary key (merchant_id, case_id, line_id, unit_no),
    foreign key (merchant_id, case_id) references after_sales_case (merchant_id, id),
    foreign key (merchant_id, line_id, unit_no)
        references order_unit (merchant_id, line_id, unit_no)
);
create unique index case_unit_open on case_unit (merchant_id, line_id, unit_no) where is_open;

create table case_message (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    case_id bigint not null,
    author smallint not null check (author in (1, 2)),
    author_label varchar(120) not null default '',
    body bytea not null,
    at timestamptz not null,
    primary key (merchant_id, id),
    foreign key (merchant_id, case_id) references after_sales_case (merchant_id, id)
);
create index case_message_of_case on case_message (merchant_id, case_id, id);

create table case_file (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    case_id bigint not null,
    message_id bigint not null,
    file_uid varchar(32) not null,
    kind smallint not null check (kind in (1, 2)),
    content_type varchar(40) not null,
    size integer not null check (size > 0),
    expires_at timestamptz not null,
    primary key (merchant_id, id),
    foreign key (merchant_id, case_id) references after_sales_case (merchant_id, id),
    foreign key (merchant_id, message_id) references case_message (merchant_id, id)
);
create index case_file_of_case on case_file (merchant_id, case_id, id);

create table case_entry (
    id bigint generated always as identity,
    merchant_id bigint not null,
    case_id bigint not null,
    event smallint not null check (event between 1 and 30),
    actor_kind varchar(10) not null,
    actor_label varchar(120) not null default '',
    detail jsonb not null default '{}',
    address varchar(50) not null default '',
    at timestamptz not null,
    primary key (merchant_id, id),
    foreign key (merchant_id, case_id) references after_sales_case (merchant_id, id)
);
create index case_entry_of_case on case_entry (merchant_id, case_id, id);

create table quick_reply (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    title varchar(60) not null,
    body jsonb not null,
    created_at timestamptz not null,
    primary key (merchant_id, id)
);
create index quick_reply_of_merchant on quick_reply (merchant_id, id);
"""
NAMES = {
    "Case": "after_sales_case",
    "CaseUnit": "case_unit",
    "CaseMessage": "case_message",
    "CaseFile": "case_file",
    "CaseEntry": "case_entry",
    "QuickReply": "quick_reply",
}


class Migration(migrations.Migration):
    initial = True
    dependencies = [("orders", "0008_refunds"), ("merchants", "0005_retired_keys")]

    operations = [
        migrations.CreateModel(
            name=name, fields=[("id", ID)], options={"db_table": table, "managed": False}
        )
        for name, table in NAMES.items()
    ] + [
        migrations.RunSQL(
            TABLES,
            "drop table quick_reply, case_entry, case_file, case_message, case_unit,"
            " after_sales_case;",
        ),
        schema.tenant_table("after_sales_case", grants="select, insert, update"),
        schema.tenant_table("case_unit", grants="select, insert, update"),
        # What was written is not changed; its seal is, when the merchant's key changes.
        schema.tenant_table("case_message", grants="select, insert, update"),
        schema.tenant_table("case_file", grants="select, insert"),
        schema.tenant_table("case_entry", grants=schema.APPEND_ONLY),
        schema.tenant_table("quick_reply"),
        schema.of_merchant("quick_reply"),
    ]
