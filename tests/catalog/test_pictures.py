"""Pictures: only pixels get in."""

import io

import pytest
from PIL import Image

from kacang.catalog import operations, queries
from tests.catalog.conftest import ACTOR


def encoded(size=(800, 600), form="JPEG", **options) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, "teal").save(body, form, **options)
    return body.getvalue()


class TestPictures:
    def test_are_written_anew_without_what_they_carried(self, merchant, make):
        product = make.on_sale()
        exif = Image.Exif()
        exif[0x010E] = "taken at home"
        body = encoded((3200, 1600), exif=exif) + b"<script>alert(1)</script>"

        name = operations.add_picture(
            merchant_id=merchant, actor=ACTOR, product_uid=product, body=body
        )

        kept = queries.picture(merchant_id=merchant, name=name)
        image = Image.open(io.BytesIO(kept.body))
        assert (image.format, image.size) == ("WEBP", (1600, 800))
        assert (kept.width, kept.height) == (1600, 800)
        assert b"taken at home" not in kept.body
        assert b"script" not in kept.body
        page = queries.product_page(merchant_id=merchant, uid=product)
        assert [picture.name for picture in page.pictures] == [name]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"GIF89a" + b"\0" * 40,
            encoded()[:200],
            encoded(form="BMP"),
            encoded((9000, 9000), form="PNG"),
            b"\xff" * (8 * 2**20 + 1),
        ],
        ids=["empty", "svg", "broken", "cut", "bmp", "pixels", "bytes"],
    )
    def test_refuses_what_is_none(self, merchant, make, body):
        product = make.product()

        with pytest.raises(operations.BadPicture):
            operations.add_picture(
                merchant_id=merchant, actor=ACTOR, product_uid=product, body=body
            )

        assert queries.product(merchant_id=merchant, uid=product).pictures == ()

    def test_have_an_order_and_an_end(self, merchant, make):
        product = make.product()
        names = [
            operations.add_picture(
                merchant_id=merchant, actor=ACTOR, product_uid=product, body=encoded((8, 8))
            )
            for _ in range(9)
        ]
        with pytest.raises(operations.TooManyPictures):
            operations.add_picture(
                merchant_id=merchant, actor=ACTOR, product_uid=product, body=encoded((8, 8))
            )

        operations.order_pictures(
            merchant_id=merchant, actor=ACTOR, product_uid=product, names=names[::-1]
        )
        operations.remove_picture(
            merchant_id=merchant, actor=ACTOR, product_uid=product, name=names[0]
        )

        kept = queries.product(merchant_id=merchant, uid=product).pictures
        assert [picture.name for picture in kept] == names[:0:-1]
        with pytest.raises(queries.UnknownPicture):
            queries.picture(merchant_id=merchant, name=names[0])

    def test_of_another_merchant_are_unknown(self, merchant, other_merchant, make):
        name = operations.add_picture(
            merchant_id=merchant, actor=ACTOR, product_uid=make.product(), body=encoded()
        )

        with pytest.raises(queries.UnknownPicture):
            queries.picture(merchant_id=other_merchant, name=name)
