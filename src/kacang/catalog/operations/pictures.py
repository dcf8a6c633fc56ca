"""Pictures of products: whatever comes in is decoded and written anew."""

import secrets
from collections.abc import Sequence

from kacang.catalog.checks import BadValue
from kacang.catalog.models import Picture
from kacang.catalog.operations.products import find_product
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared import pictures
from kacang.shared.errors import Conflict, Invalid

BYTES_MAX = 8 * 2**20
SIDE_MAX = 1600
PER_PRODUCT_MAX = 9


class BadPicture(Invalid):
    """A file is no picture that we take: JPEG, PNG, WebP or GIF, 8 MB, 40 million pixels."""

    code = "catalog.bad_picture"


class TooManyPictures(Conflict):
    """A product has as many pictures as it may."""

    code = "catalog.too_many_pictures"


def add_picture(*, merchant_id: int, actor: Actor, product_uid: str, body: bytes) -> str:
    """Add a picture behind the others and return its name, under which it is served.

    It is decoded and written anew as WebP of at most 1600 pixels a side: what a file carries
    besides its pixels (place, camera, scripts, a second file) does not get in.

    Raises:
        UnknownProduct: There is no such product.
        BadPicture: The file cannot be decoded, or is too large.
        TooManyPictures: The product has nine.
    """
    if len(body) > BYTES_MAX:
        raise BadPicture(problem="size", limit_mb=BYTES_MAX // 2**20)
    try:
        drawn = pictures.redraw(body, side_max=SIDE_MAX)
    except pictures.NotAPicture as error:
        raise BadPicture(problem=error.why) from None
    with acting_as(merchant_id):
        product = find_product(merchant_id, product_uid)
        held = Picture.objects.filter(merchant_id=merchant_id, product=product).count()
        if held >= PER_PRODUCT_MAX:
            raise TooManyPictures(limit=PER_PRODUCT_MAX)
        row = Picture.objects.create(
            merchant_id=merchant_id,
            product=product,
            name=f"{secrets.token_urlsafe(16)}.webp",
            width=drawn.width,
            height=drawn.height,
            body=drawn.body,
            position=held,
        )
        _log(merchant_id, actor, "pictures.add", product_uid, [row.name])
    return row.name


def remove_picture(*, merchant_id: int, actor: Actor, product_uid: str, name: str) -> None:
    """Take a picture away. One that is not there is gone already.

    Raises:
        UnknownProduct: There is no such product.
    """
    with acting_as(merchant_id):
        product = find_product(merchant_id, product_uid)
        gone, _ = Picture.objects.filter(
            merchant_id=merchant_id, product=product, name=name
        ).delete()
        if gone:
            _log(merchant_id, actor, "pictures.remove", product_uid, [name])


def order_pictures(
    *, merchant_id: int, actor: Actor, product_uid: str, names: Sequence[str]
) -> None:
    """Put a product's pictures into this order.

    Raises:
        UnknownProduct: There is no such product.
        BadValue: `names` are not exactly its pictures.
    """
    with acting_as(merchant_id):
        product = find_product(merchant_id, product_uid)
        rows = {
            row.name: row
            for row in Picture.objects.filter(merchant_id=merchant_id, product=product).only(
                "name", "position"
            )
        }
        if sorted(rows) != sorted(names):
            raise BadValue(field="names")
        for position, name in enumerate(names):
            rows[name].position = position
        Picture.objects.bulk_update(rows.values(), ["position"])
        _log(merchant_id, actor, "pictures.order", product_uid, list(names))


def _log(merchant_id: int, actor: Actor, action: str, product_uid: str, names: list[str]) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="product",
        object_uid=product_uid,
        after={"pictures": names},
    )
