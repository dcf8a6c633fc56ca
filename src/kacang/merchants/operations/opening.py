"""Opening merchants and their trial twins; hosts; the book currency."""

import re
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from kacang.merchants import audit, keys
from kacang.merchants.audit import Actor
from kacang.merchants.models import Host, Membership, Merchant, MerchantKind, Setting
from kacang.merchants.operations.staff import Invited, admit
from kacang.merchants.permissions import Role
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.shared.money import exponent

HOST = re.compile(r"(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")


SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
NAME_MAX = 80


class BadSlug(Invalid):
    """A merchant's address has up to 40 of a to z, 0 to 9 and hyphens, none at its ends."""

    code = "merchants.bad_slug"


class BadName(Invalid):
    """A merchant has a name, of up to 80 characters."""

    code = "merchants.bad_name"


class SlugTaken(Conflict):
    """Another merchant has this address."""

    code = "merchants.slug_taken"


class BadHost(Invalid):
    """This is not a host name."""

    code = "merchants.bad_host"


class HostTaken(Conflict):
    """A shop of this installation already has this host name."""

    code = "merchants.host_taken"


class UnknownHost(NotFound):
    """This merchant has no such host name."""

    code = "merchants.unknown_host"


class CurrencyFixed(Conflict):
    """The first order has fixed the book currency (rule 13)."""

    code = "merchants.currency_fixed"


class NotATrial(Conflict):
    """This merchant has no trial twin, or is one itself (rule 14)."""

    code = "merchants.not_a_trial"


def open_merchant(
    *,
    slug: str,
    name: str,
    kind: MerchantKind,
    time_zone: str = "Asia/Shanghai",
    currency: str = "CNY",
) -> int:
    """Open a merchant with keys of its own and return its id. Both exist, or neither.

    Raises:
        BadSlug, BadName, UnknownCurrency: What was given.
        SlugTaken: The address belongs to somebody.
    """
    _check(slug, name)
    exponent(currency)
    with transaction.atomic():
        return _open([slug, name, str(kind), time_zone, currency, None])


def open_with_owner(
    *, slug: str, name: str, kind: MerchantKind, email: str, actor: Actor
) -> Invited:
    """Open a merchant together with somebody who owns it. Both exist, or neither.

    Raises:
        BadSlug, BadName, BadEmail: What was given.
        SlugTaken: The address belongs to somebody.
    """
    with transaction.atomic():
        merchant_id = open_merchant(slug=slug, name=name, kind=kind)
        return admit(merchant_id=merchant_id, email=email, name="", role=Role.OWNER, actor=actor)


def _check(slug: str, name: str) -> None:
    if not SLUG.fullmatch(slug):
        raise BadSlug
    if not 0 < len(name.strip()) <= NAME_MAX:
        raise BadName


def _open(values: list[str | int | None]) -> int:
    # From here on the transaction acts as the new merchant: its id was not known before.
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select open_merchant(%s, %s, %s, %s, %s, %s, %s)", [new_uid("mer"), *values]
            )
            (merchant_id,) = cursor.fetchone()
            cursor.execute("select set_config('kacang.merchant', %s, true)", [str(merchant_id)])
    except IntegrityError as error:
        raise SlugTaken from error
    keys.make_keys(merchant_id=int(merchant_id))
    return int(merchant_id)


def open_twin(*, merchant_id: int, actor: Actor) -> int:
    """Return the merchant's trial twin, opening it if there is none (E4, rule 14).

    The twin has the owners, time zone, currency and settings of its original, and keys of its
    own. What the rooms above keep, they copy by themselves.

    Raises:
        NotATrial: The merchant is a twin itself, or a demo.
    """
    if (known := twin_of(merchant_id=merchant_id)) is not None:
        return known
    with acting_as(merchant_id):
        original = Merchant.objects.get(id=merchant_id)
        owners = list(
            Membership.objects.filter(
                merchant_id=merchant_id, role=Role.OWNER, disabled_at=None
            ).values_list("user_id", flat=True)
        )
        settings = list(Setting.objects.filter(merchant_id=merchant_id))
        if original.kind != MerchantKind.LIVE:
            raise NotATrial
        audit.record(merchant_id=merchant_id, actor=actor, action="twin.open")
    with transaction.atomic():
        twin_id = _open(
            [
                f"{original.slug[:35]}-test", original.name, str(MerchantKind.TEST),
                original.time_zone, original.currency, merchant_id,
            ]
        )  # fmt: skip
        Membership.objects.bulk_create(
            Membership(merchant_id=twin_id, uid=new_uid("mem"), user_id=owner, role=Role.OWNER)
            for owner in owners
        )
        Setting.objects.bulk_create(
            Setting(merchant_id=twin_id, name=one.name, value=one.value) for one in settings
        )
        audit.record(merchant_id=twin_id, actor=actor, action="twin.open")
    return twin_id


def twin_of(*, merchant_id: int) -> int | None:
    """Return the id of the merchant's trial twin, if it has one."""
    with connection.cursor() as cursor:
        cursor.execute("select twin_of_merchant(%s::bigint)", [merchant_id])
        row = cursor.fetchone()
    return None if row is None or row[0] is None else int(row[0])


def wipe_twin(*, merchant_id: int, actor: Actor) -> None:
    """Delete the merchant's trial twin with all that it has. No other merchant can be wiped.

    Raises:
        NotATrial: The merchant has no twin.
    """
    with acting_as(merchant_id):
        with connection.cursor() as cursor:
            cursor.execute("select wipe_twin(%s::bigint)", [merchant_id])
            (wiped,) = cursor.fetchone()
        if not wiped:
            raise NotATrial
        audit.record(merchant_id=merchant_id, actor=actor, action="twin.wipe")


def fix_currency(*, merchant_id: int, now: datetime) -> None:
    """Fix the book currency: the first order was placed (rule 13). Repeating changes nothing."""
    with acting_as(merchant_id):
        Merchant.objects.filter(id=merchant_id, currency_fixed_at=None).update(
            currency_fixed_at=now
        )


def change_currency(*, merchant_id: int, currency: str, actor: Actor) -> None:
    """Choose another book currency.

    Raises:
        CurrencyFixed: There was an order already.
    """
    exponent(currency)
    with acting_as(merchant_id):
        merchant = Merchant.objects.select_for_update(no_key=True).get(id=merchant_id)
        if merchant.currency_fixed_at is not None:
            raise CurrencyFixed
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="merchant.change_currency",
            before={"currency": merchant.currency},
            after={"currency": currency},
        )
        Merchant.objects.filter(id=merchant_id).update(currency=currency)


def add_host(*, merchant_id: int, host: str, actor: Actor) -> None:
    """Let the merchant's shop be reached under a host name (rule 29).

    Raises:
        BadHost: Not a host name.
        HostTaken: In use, by this shop or by another.
    """
    name = host.strip().lower().rstrip(".")
    if not HOST.fullmatch(name):
        raise BadHost(host=name[:60])
    try:
        with acting_as(merchant_id):
            Host.objects.create(merchant_id=merchant_id, name=name)
            audit.record(
                merchant_id=merchant_id, actor=actor, action="host.add",
                object_kind="host", object_uid=name[:60],
            )  # fmt: skip
    except IntegrityError as error:
        raise HostTaken(host=name) from error


def remove_host(*, merchant_id: int, host: str, actor: Actor) -> None:
    """Take a host name away again.

    Raises:
        UnknownHost: The shop does not have it.
    """
    with acting_as(merchant_id):
        gone, _ = Host.objects.filter(merchant_id=merchant_id, name=host).delete()
        if not gone:
            raise UnknownHost
        audit.record(
            merchant_id=merchant_id, actor=actor, action="host.remove",
            object_kind="host", object_uid=host[:60],
        )  # fmt: skip
