"""Customers are reached in the shop's mini-program too (N1)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_tenants")]

    operations = [
        migrations.RemoveConstraint("customercontact", "customer_contact_kind_known"),
        migrations.AddConstraint(
            "customercontact",
            models.CheckConstraint(
                condition=models.Q(("kind__in", [1, 2, 3])), name="customer_contact_kind_known"
            ),
        ),
    ]
