"""What others may do with the parcels of orders. Who may do it is judged by the faces."""

from kacang.orders.shipping.recipients import masked_recipient, set_recipient, show_recipient
from kacang.orders.shipping.sending import (
    ParcelWish,
    arrive_overdue,
    change_tracking,
    confirm_arrival,
    ship_order,
    void_shipment,
)

__all__ = [
    "ParcelWish",
    "arrive_overdue",
    "change_tracking",
    "confirm_arrival",
    "masked_recipient",
    "set_recipient",
    "ship_order",
    "show_recipient",
    "void_shipment",
]
