"""What others may ask about parcels and recipients."""

from kacang.logistics.couriers import (
    COURIERS,
    OTHER,
    BadTrackingNumber,
    Courier,
    UnknownCourier,
    courier,
    courier_named,
    normal_number,
    page_of,
    read_number,
)
from kacang.logistics.parcels import (
    ShipmentView,
    numbers_in_use,
    orders_of_number,
    overdue_orders,
    shipment,
    shipments_of,
)
from kacang.logistics.recipients import RecipientView, recipients_of, remembered_recipient

__all__ = [
    "COURIERS",
    "OTHER",
    "BadTrackingNumber",
    "Courier",
    "RecipientView",
    "ShipmentView",
    "UnknownCourier",
    "courier",
    "courier_named",
    "normal_number",
    "numbers_in_use",
    "orders_of_number",
    "overdue_orders",
    "page_of",
    "read_number",
    "recipients_of",
    "remembered_recipient",
    "shipment",
    "shipments_of",
]
