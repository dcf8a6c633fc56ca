"""How goods reach their buyer: handed over, or sent by courier to an address (L1, O3)."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_gift_cards")]

    operations = [
        migrations.AddField(
            "product",
            "delivery_way",
            models.CharField(
                choices=[("handed", "Handed"), ("courier", "Courier")],
                db_default="handed",
                default="handed",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            "product",
            models.CheckConstraint(
                condition=Q(delivery_way="handed") | Q(delivery_way="courier", kind="goods"),
                name="product_delivery_way_fits",
            ),
        ),
    ]
