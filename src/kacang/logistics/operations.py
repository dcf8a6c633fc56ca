"""What others may do with parcels and recipients. Who may do it is judged by the faces."""

from kacang.logistics.parcels import (
    ParcelDraft,
    ReasonMissing,
    ShipmentEnded,
    UnitInParcel,
    UnknownShipment,
    correct_parcel,
    end_parcels,
    make_parcels,
    void_parcel,
)
from kacang.logistics.recipients import (
    BadRecipient,
    RecipientMissing,
    forget_recipients,
    keep_recipients,
    read_recipient,
)
from kacang.logistics.slips import count_prints

__all__ = [
    "BadRecipient",
    "ParcelDraft",
    "ReasonMissing",
    "RecipientMissing",
    "ShipmentEnded",
    "UnitInParcel",
    "UnknownShipment",
    "correct_parcel",
    "count_prints",
    "end_parcels",
    "forget_recipients",
    "keep_recipients",
    "make_parcels",
    "read_recipient",
    "void_parcel",
]
