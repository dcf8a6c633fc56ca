"""An account of a mini-program has no signature (N1)."""

from django.db import migrations

COMPLETE = """
alter table sender_account drop constraint sender_account_complete;
alter table sender_account add constraint sender_account_complete check (
    not is_on or (octet_length(secret) > 0 and key_id <> '' and templates <> '{}'::jsonb
                  and (sign_name <> '' or channel = 'wechat'))
);
"""


class Migration(migrations.Migration):
    dependencies = [("messages_room", "0006_restraint")]

    operations = [migrations.RunSQL(COMPLETE, migrations.RunSQL.noop)]
