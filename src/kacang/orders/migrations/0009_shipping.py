"""Units that are on their way, and the parcels that they are in (L1)."""

from django.db import migrations

from kacang.merchants import schema

UNITS = """
alter table order_unit drop constraint order_unit_state_check;
alter table order_unit add constraint order_unit_state_check check (state between 0 and 6);
alter table shipment_unit add constraint shipment_unit_unit_fk
    foreign key (merchant_id, line_id, unit_no)
    references order_unit (merchant_id, line_id, unit_no);
"""
BACK = """
alter table shipment_unit drop constraint shipment_unit_unit_fk;
alter table order_unit drop constraint order_unit_state_check;
alter table order_unit add constraint order_unit_state_check check (state between 0 and 5);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_refunds"), ("logistics", "0002_tenants")]

    operations = [
        migrations.RunSQL(UNITS, BACK),
        schema.tenant_reference("shipment", "order_id", "sale_order"),
        schema.tenant_reference("recipient", "order_id", "sale_order"),
        schema.tenant_reference("slip_print", "order_id", "sale_order"),
    ]
