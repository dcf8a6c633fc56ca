"""On which line of its file a card stood, and which cards a change by filter touched (V3)."""

from django.db import migrations

from kacang.merchants import schema

# Cards that were made here have no line: nothing is kept for them.
LINE = "alter table card add column source_line integer;"
LINE_BACK = "alter table card drop column source_line;"
# One row for each part of a job, eight bytes a card; cards that somebody named are in the log.
CHANGES = """
create table card_change (
    id bigint generated always as identity primary key,
    merchant_id bigint not null,
    first_card_id bigint not null,
    last_card_id bigint not null,
    card_ids bigint[] not null,
    job text not null,
    verb text not null,
    reason text not null,
    actor_label text not null,
    at timestamptz not null default clock_timestamp()
);
create index card_change_of_card on card_change (merchant_id, last_card_id, first_card_id);
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0010_face_values")]

    operations = [
        migrations.RunSQL(LINE, LINE_BACK),
        migrations.RunSQL(CHANGES, "drop table card_change;"),
        schema.tenant_table("card_change", grants=schema.APPEND_ONLY),
        schema.of_merchant("card_change"),
    ]
