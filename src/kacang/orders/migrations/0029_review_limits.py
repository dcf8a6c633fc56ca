"""What becomes of orders under review of which nobody decides, and which two have to approve (O9)."""

from django.db import migrations

RULES = """
alter table review_rule_version
    -- How many people have to approve what the rule holds.
    add column people smallint not null default 1 check (people in (1, 2)),
    add column limit_minutes int check (limit_minutes between 1 and 129600),
    -- 0 nothing, 1 it passes, 2 its money goes back, 3 it is taken to the highest level.
    add column limit_deed smallint not null default 0 check (limit_deed between 0 and 3),
    add column limit_working boolean not null default false,
    add constraint review_rule_version_limit check ((limit_minutes is null) = (limit_deed = 0)),
    add constraint review_rule_version_waits
        check (verdict in (2, 3) or (people = 1 and limit_deed = 0));
alter table order_review
    add column people smallint not null default 1 check (people in (1, 2)),
    -- Who approved first, where two have to.
    add column first_id bigint,
    add column first_by varchar(120) not null default '',
    add column first_at timestamptz,
    add column limit_at timestamptz,
    add column limit_deed smallint not null default 0 check (limit_deed between 0 and 3),
    -- When the clock did what the rule says.
    add column limit_done_at timestamptz,
    add constraint order_review_limit_fits check ((limit_at is null) = (limit_deed = 0));
create index order_review_limit on order_review (merchant_id, limit_at, order_id)
    where state = 1 and limit_at is not null and limit_done_at is null;
"""
BACK = """
drop index order_review_limit;
alter table order_review drop column people, drop column first_id, drop column first_by,
    drop column first_at, drop column limit_at, drop column limit_deed, drop column limit_done_at;
alter table review_rule_version drop column people, drop column limit_minutes,
    drop column limit_deed, drop column limit_working;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0028_quiet_sales")]

    operations = [migrations.RunSQL(RULES, BACK)]
