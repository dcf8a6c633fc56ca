"""What buyers say of products: writing it from the order, reading it on the product (X2)."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from kacang.catalog.queries import ProductView
from kacang.orders.types import OrderView, UnitState
from kacang.reviews import operations, queries
from kacang.reviews.operations import BYTES_MAX, PICTURES_MAX, TEXT_MAX, BadReviewPicture, NewReview
from kacang.reviews.queries import ReviewPage, Stars
from kacang.shared.errors import DomainError
from kacang.web.errors import status_of
from kacang.web.shop import goods
from kacang.web.shop.access import buyer, order_page
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, page, shop_page

SHOWN = 10
MINUTES_5 = 300
MB = 2**20


@dataclass(frozen=True, slots=True)
class Said:
    """What the page of a product shows of its reviews."""

    stars: Stars
    page: ReviewPage
    next_url: str
    picture_base: str


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def write(request: HttpRequest, site: Site, order: OrderView, line: str) -> HttpResponse:
    """Take in a review of one line of an order."""
    number = int(line) if line.isascii() and line.isdigit() and len(line) <= 3 else 0  # noqa: PLR2004 - at most 100 lines
    if request.method != "POST":
        return _form(request, site, order, number)
    typed = request.POST.get("stars", "")
    new = NewReview(
        number=order.number,
        line=number,
        stars=int(typed) if typed in ("1", "2", "3", "4", "5") else 0,
        text=request.POST.get("text", ""),
    )
    try:
        sent = [one for one in request.FILES.getlist("pictures") if one.size]
        if len(sent) > PICTURES_MAX or any((one.size or 0) > BYTES_MAX for one in sent):
            raise BadReviewPicture(limit=PICTURES_MAX, limit_mb=BYTES_MAX // MB)
        bodies = [one.read() for one in sent]
        operations.write_review(
            merchant_id=site.merchant_id,
            new=NewReview(new.number, new.line, new.stars, new.text, bodies),
            actor=buyer(request),
        )
    except DomainError as error:
        told = problem_of(site, error)
        return _form(request, site, order, number, told, status=status_of(error))
    return redirect(site.url("order", number=order.number) + "#reviews")


@require_safe
@shop_page
def picture(_: HttpRequest, site: Site, uid: str) -> HttpResponse:
    """Send a picture of a review that is shown; soon after it is hidden, it is gone."""
    body = queries.picture(merchant_id=site.merchant_id, uid=uid)
    response = HttpResponse(body, content_type="image/webp")
    response.headers["Cache-Control"] = f"public, max-age={MINUTES_5}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def said_of(request: HttpRequest, site: Site, product: ProductView) -> Said | None:
    """Return what is shown of a product's reviews; None where the merchant shows none."""
    if not queries.are_on(merchant_id=site.merchant_id):
        return None
    cursor = request.GET.get("reviews", "")
    found = queries.shown(
        merchant_id=site.merchant_id,
        product_id=product.id,
        cursor=cursor if cursor.isascii() and cursor.isdigit() and len(cursor) <= 18 else "",  # noqa: PLR2004 - a bigint
        limit=SHOWN,
    )
    return Said(
        stars=queries.stars_of(merchant_id=site.merchant_id, product_id=product.id),
        page=found,
        next_url=f"?reviews={found.next_cursor}#reviews" if found.next_cursor else "",
        picture_base=site.url("review_picture", uid="-").removesuffix("-"),
    )


def review_links(site: Site, order: OrderView) -> list[dict[str, str]]:
    """Return the lines of an order that can be reviewed, with where to do it."""
    if not queries.are_on(merchant_id=site.merchant_id):
        return []
    done = queries.lines_reviewed(merchant_id=site.merchant_id, order_id=order.id)
    return [
        {
            "title": goods.words(line.title),
            "url": ""
            if line.id in done
            else site.url("review", number=order.number, line=str(number)),
        }
        for number, line in enumerate(order.lines, start=1)
        if line.units.get(UnitState.DELIVERED)
    ]


def _form(
    request: HttpRequest,
    site: Site,
    order: OrderView,
    number: int,
    told: Problem | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    line = order.lines[number - 1] if 1 <= number <= len(order.lines) else None
    if line is None or not queries.are_on(merchant_id=site.merchant_id):
        return redirect(site.url("order", number=order.number))
    return page(
        request, site, "review", status=status,
        order=order, title=goods.words(line.title), sku_title=goods.words(line.sku_title),
        noindex=True, problem=told, stars=request.POST.get("stars", "5"),
        text=request.POST.get("text", "")[:TEXT_MAX], text_max=TEXT_MAX,
        most=PICTURES_MAX, picture_mb=BYTES_MAX // MB,
        order_url=site.url("order", number=order.number),
    )  # fmt: skip
