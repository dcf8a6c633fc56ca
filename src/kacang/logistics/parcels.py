"""Parcels: made, corrected, called back, and arrived (L1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from kacang.logistics.couriers import courier, page_of, read_number
from kacang.logistics.models import Shipment, ShipmentUnit
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.shared.texts import Text

REASON_MAX = 200
PARCELS_MAX = 200


class UnknownShipment(NotFound):
    """There is no such parcel."""

    code = "logistics.unknown_shipment"


class ShipmentEnded(Conflict):
    """The parcel has arrived, or was called back."""

    code = "logistics.shipment_ended"


class UnitInParcel(Conflict):
    """One of the pieces lies in another parcel."""

    code = "logistics.unit_in_parcel"


class ReasonMissing(Invalid):
    """It takes a reason."""

    code = "logistics.reason_missing"


@dataclass(frozen=True, slots=True)
class ParcelDraft:
    """A parcel to be made: of which order, with whom, and which units by (line id, unit number)."""

    order_id: int
    courier: str
    tracking_number: str
    places: Sequence[tuple[int, int]]
    actor_label: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A parcel as it is now. `places` are its units; `page_url` is empty where there is none."""

    uid: str
    order_id: int
    courier: str
    courier_name: Text
    tracking_number: str
    page_url: str
    actor_label: str
    created_at: datetime
    arrived_at: datetime | None
    voided_at: datetime | None
    void_reason: str
    places: tuple[tuple[int, int], ...]

    @property
    def is_under_way(self) -> bool:
        """Whether it has neither arrived nor been called back."""
        return self.arrived_at is None and self.voided_at is None


def make_parcels(*, merchant_id: int, drafts: Sequence[ParcelDraft]) -> list[ShipmentView]:
    """Write parcels down. Must run inside the caller's transaction, with the orders locked.

    Raises:
        UnknownCourier, BadTrackingNumber: As they say.
        UnitInParcel: A unit lies in another parcel. Nothing was written.
    """
    assert connection.in_atomic_block
    assert all(draft.places for draft in drafts), "a parcel holds something"
    now = utc_now()
    rows = [
        Shipment(
            merchant_id=merchant_id,
            uid=new_uid("shp"),
            order_id=draft.order_id,
            courier=draft.courier,
            tracking_number=read_number(draft.courier, draft.tracking_number),
            actor_label=draft.actor_label[:120],
            created_at=now,
        )
        for draft in drafts
    ]
    try:
        with transaction.atomic():
            Shipment.objects.bulk_create(rows)
            ShipmentUnit.objects.bulk_create(
                ShipmentUnit(
                    merchant_id=merchant_id, shipment=row, line_id=line_id, unit_no=unit_no
                )
                for row, draft in zip(rows, drafts, strict=True)
                for line_id, unit_no in draft.places
            )
    except IntegrityError as error:
        raise UnitInParcel from error
    return [_view(row, draft.places) for row, draft in zip(rows, drafts, strict=True)]


def correct_parcel(
    *, merchant_id: int, uid: str, courier_code: str, tracking_number: str
) -> tuple[ShipmentView, ShipmentView]:
    """Give a parcel another courier or number; return it as it was and as it is.

    Must run inside the caller's transaction, with the order locked.

    Raises:
        UnknownShipment: There is none.
        ShipmentEnded: It was called back.
        UnknownCourier, BadTrackingNumber: As they say.
    """
    number = read_number(courier_code, tracking_number)
    row = _locked(merchant_id, uid)
    if row.voided_at is not None:
        raise ShipmentEnded
    places = _places(merchant_id, [row.pk])[row.pk]
    before = _view(row, places)
    row.courier, row.tracking_number = courier_code, number
    row.save(update_fields=["courier", "tracking_number"])
    return before, _view(row, places)


def void_parcel(*, merchant_id: int, uid: str, reason: str) -> ShipmentView:
    """Call a parcel back; its units may go in another one.

    Must run inside the caller's transaction, with the order locked.

    Raises:
        UnknownShipment: There is none.
        ShipmentEnded: It has arrived, or was called back before.
        ReasonMissing: No reason was given.
    """
    reason = reason.strip()[:REASON_MAX]
    if not reason:
        raise ReasonMissing
    row = _locked(merchant_id, uid)
    if row.voided_at is not None or row.arrived_at is not None:
        raise ShipmentEnded
    row.voided_at, row.void_reason = utc_now(), reason
    row.save(update_fields=["voided_at", "void_reason"])
    units = ShipmentUnit.objects.filter(merchant_id=merchant_id, shipment_id=row.pk)
    units.update(is_void=True)
    return _view(row, _places(merchant_id, [row.pk])[row.pk])


def leave_parcels(*, merchant_id: int, places: Collection[tuple[int, int]]) -> None:
    """Let units lie in no parcel any more, so that others can be sent for them.

    The parcels stay what they were, with what they held. Must run inside the caller's transaction.
    """
    assert connection.in_atomic_block
    for line_id in sorted({line_id for line_id, _ in places}):
        numbers = [unit_no for line, unit_no in places if line == line_id]
        ShipmentUnit.objects.filter(
            merchant_id=merchant_id, line_id=line_id, unit_no__in=numbers
        ).update(is_void=True)


def end_parcels(*, merchant_id: int, order_id: int) -> list[ShipmentView]:
    """Say that all parcels of an order have arrived; return those that were under way.

    Must run inside the caller's transaction, with the order locked.
    """
    assert connection.in_atomic_block
    rows = list(
        Shipment.objects.filter(
            merchant_id=merchant_id,
            order_id=order_id,
            arrived_at__isnull=True,
            voided_at__isnull=True,
        ).order_by("id")
    )
    now = utc_now()
    Shipment.objects.filter(merchant_id=merchant_id, id__in=[row.pk for row in rows]).update(
        arrived_at=now
    )
    for row in rows:
        row.arrived_at = now
    return _views(merchant_id, rows)


def shipment(*, merchant_id: int, uid: str) -> ShipmentView:
    """Return a parcel, or raise UnknownShipment."""
    with acting_as(merchant_id):
        row = Shipment.objects.filter(merchant_id=merchant_id, uid=uid).first()
        if row is None:
            raise UnknownShipment
        return _views(merchant_id, [row])[0]


def shipments_of(*, merchant_id: int, order_ids: Collection[int]) -> dict[int, list[ShipmentView]]:
    """Return the parcels of orders, the oldest first; void ones are among them."""
    with acting_as(merchant_id):
        rows = Shipment.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids))
        views = _views(merchant_id, list(rows.order_by("id")))
    found: dict[int, list[ShipmentView]] = {order_id: [] for order_id in order_ids}
    for view in views:
        found[view.order_id].append(view)
    return found


def orders_of_number(*, merchant_id: int, tracking_number: str) -> list[int]:
    """Return the ids of the orders whose parcels have, or had, exactly this number."""
    with acting_as(merchant_id):
        rows = Shipment.objects.filter(merchant_id=merchant_id, tracking_number=tracking_number)
        return list(dict.fromkeys(rows.order_by("-id").values_list("order_id", flat=True)[:50]))


def numbers_in_use(*, merchant_id: int, tracking_numbers: Collection[str]) -> set[str]:
    """Return which of these numbers a parcel has that was not called back."""
    with acting_as(merchant_id):
        rows = Shipment.objects.filter(
            merchant_id=merchant_id,
            tracking_number__in=list(tracking_numbers),
            voided_at__isnull=True,
        )
        return set(rows.values_list("tracking_number", flat=True))


def overdue_orders(*, merchant_id: int, before: datetime, most: int) -> list[int]:
    """Return orders with a parcel under way that was sent before then, the oldest first."""
    with acting_as(merchant_id):
        rows = Shipment.objects.filter(
            merchant_id=merchant_id,
            created_at__lt=before,
            arrived_at__isnull=True,
            voided_at__isnull=True,
        )
        return list(rows.order_by("created_at").values_list("order_id", flat=True)[:most])


def _locked(merchant_id: int, uid: str) -> Shipment:
    assert connection.in_atomic_block
    row = (
        Shipment.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid)
        .first()
    )
    if row is None:
        raise UnknownShipment
    return row


def _views(merchant_id: int, rows: Sequence[Shipment]) -> list[ShipmentView]:
    places = _places(merchant_id, [row.pk for row in rows])
    return [_view(row, places[row.pk]) for row in rows]


def _places(merchant_id: int, ids: Sequence[int]) -> Mapping[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {pk: [] for pk in ids}
    units = ShipmentUnit.objects.filter(merchant_id=merchant_id, shipment_id__in=ids)
    for row in units.order_by("line_id", "unit_no"):
        found[row.shipment_id].append((row.line_id, row.unit_no))
    return found


def _view(row: Shipment, places: Sequence[tuple[int, int]]) -> ShipmentView:
    return ShipmentView(
        uid=row.uid,
        order_id=row.order_id,
        courier=row.courier,
        courier_name=courier(row.courier).name,
        tracking_number=row.tracking_number,
        page_url=page_of(row.courier, row.tracking_number),
        actor_label=row.actor_label,
        created_at=row.created_at,
        arrived_at=row.arrived_at,
        voided_at=row.voided_at,
        void_reason=row.void_reason,
        places=tuple(places),
    )
