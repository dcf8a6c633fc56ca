"""Whether a line's cards are good for something, as it was when they were bought (F1, rule 6)."""

from django.db import migrations, models

# Lines of before say no: their sale is revenue when it is delivered, as it was.
COLUMN = """
alter table order_line add column claim smallint not null default 0
    check (claim between 0 and 2);
"""
BACK = "alter table order_line drop column claim;"


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_found_orders"), ("vault", "0014_owed_cards")]

    operations = [
        migrations.RunSQL(
            COLUMN,
            BACK,
            state_operations=[
                migrations.AddField("line", "claim", models.SmallIntegerField(default=0)),
            ],
        ),
    ]
