"""Cards that are taken off sale for a while (V3)."""

from django.db import migrations

# The checks were made without names: they are found by what they say.
FORGET = """
do $$ declare found record; begin
    for found in select conname from pg_constraint
        where conrelid = 'card'::regclass and contype = 'c'
          and (pg_get_constraintdef(oid) ~ 'state >= 0' or pg_get_constraintdef(oid) ~ 'is_loop')
    loop execute format('alter table card drop constraint %I', found.conname); end loop;
end $$;
"""
FROZEN = (
    FORGET
    + """
alter table card
    add constraint card_state_known check (state between 0 and 8),
    add constraint card_loop_states check (not is_loop or state in (0, 5, 6, 7, 8));
"""
)
BACK = """
alter table card drop constraint card_state_known, drop constraint card_loop_states,
    add check (state between 0 and 7), add check (not is_loop or state in (0, 5, 6, 7));
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0003_files_and_costs")]

    operations = [migrations.RunSQL(FROZEN, BACK)]
