"""What others may do with the parcels of orders. Who may do it is judged by the faces."""

from kacang.orders.shipping.again import send_again
from kacang.orders.shipping.completing import complete_order, complete_overdue
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
    "complete_order",
    "complete_overdue",
    "confirm_arrival",
    "masked_recipient",
    "send_again",
    "set_recipient",
    "ship_order",
    "show_recipient",
    "void_shipment",
]
