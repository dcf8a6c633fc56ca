"""The first answer to "where is my order" is given by itself (X2)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("aftersales", "0002_repair")]

    operations = [
        migrations.RunSQL(
            """
alter table case_message drop constraint case_message_author_check;
alter table case_message add constraint case_message_author_check
    check (author between 1 and 3) not valid;
alter table case_message validate constraint case_message_author_check;
""",
            migrations.RunSQL.noop,
        ),
    ]
