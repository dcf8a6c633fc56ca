"""What others may do with the parcels of orders. Who may do it is judged by the faces."""

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
    "ship_order",
    "void_shipment",
]
