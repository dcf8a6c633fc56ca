"""How long stages of orders took, summed up by day, and the timeline by time (O7)."""

from django.db import migrations

from kacang.merchants import schema

# Rows of the timeline come in order of time: a range of blocks is index enough, and costs a
# sale next to nothing.
TABLES = """
create index timeline_at on timeline using brin (at) with (pages_per_range = 32);

create table stage_day (
    merchant_id bigint not null,
    day date not null,
    summed_at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, day)
);
create table stage_time (
    merchant_id bigint not null,
    day date not null,
    stage varchar(20) not null,
    -- "user lu@example.com", "system".
    person varchar(131) not null,
    seconds int not null check (seconds >= 0),
    orders int not null check (orders > 0),
    primary key (merchant_id, day, stage, person, seconds)
);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0017_deposits")]

    operations = [
        migrations.RunSQL(TABLES, "drop table stage_time, stage_day; drop index timeline_at;"),
        *(
            schema.tenant_table(table, grants="select, insert, delete")
            for table in ("stage_day", "stage_time")
        ),
        *(schema.of_merchant(table) for table in ("stage_day", "stage_time")),
    ]
