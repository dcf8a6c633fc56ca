"""What is printed on the cards of a batch, what else is noted of it, which numbers it has (V1)."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("vault", "0009_alarms_left")]

    operations = [
        migrations.AddField("batch", "face_minor", models.BigIntegerField(null=True)),
        migrations.AddField(
            "batch",
            "face_currency",
            models.CharField(max_length=4, blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField("batch", "facts", models.JSONField(default=list)),
        migrations.AddField("batch", "serial", models.JSONField(default=dict)),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(
                condition=Q(face_minor__isnull=True, face_currency="")
                | Q(face_minor__gt=0) & ~Q(face_currency=""),
                name="batch_face_whole",
            ),
        ),
    ]
