"""What others may do with parcels and recipients. Who may do it is judged by the faces."""

from kacang.logistics.parcels import (
    ParcelDraft,
    ReasonMissing,
    ShipmentEnded,
    UnitInParcel,
    UnknownShipment,
    correct_parcel,
    end_parcels,
    leave_parcels,
    make_parcels,
    void_parcel,
)
from kacang.logistics.recipients import (
    BadRecipient,
    RecipientMissing,
    RecipientNotNeeded,
    forget_recipients,
    forget_remembered,
    keep_recipients,
    part_problem,
    read_recipient,
    remember_recipient,
)
from kacang.logistics.slips import count_prints

__all__ = [
    "BadRecipient",
    "ParcelDraft",
    "ReasonMissing",
    "RecipientMissing",
    "RecipientNotNeeded",
    "ShipmentEnded",
    "UnitInParcel",
    "UnknownShipment",
    "correct_parcel",
    "count_prints",
    "end_parcels",
    "forget_recipients",
    "forget_remembered",
    "keep_recipients",
    "leave_parcels",
    "make_parcels",
    "part_problem",
    "read_recipient",
    "remember_recipient",
    "void_parcel",
]
