"""Pictures of products at the desk: adding, ordering, removing, looking at."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kacang.catalog import operations, queries
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

AT_ONCE = 9


@needs("products.view")
def picture(request: ConsoleRequest, name: str) -> HttpResponse:
    """Return a picture's bytes, as WebP."""
    desk = desk_of(request)
    found = queries.picture(merchant_id=desk.merchant_id, name=name)
    response = HttpResponse(found.body, content_type="image/webp")
    response["Content-Disposition"] = 'inline; filename="picture.webp"'
    return response


@needs("products.edit")
@require_POST
def picture_add(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Add the uploaded pictures; those that cannot be read are named."""
    desk = desk_of(request)
    added = 0
    for upload in request.FILES.getlist("pictures")[:AT_ONCE]:
        try:
            operations.add_picture(
                merchant_id=desk.merchant_id, actor=desk.actor, product_uid=uid, body=upload.read()
            )
            added += 1
        except operations.UnknownProduct:
            raise
        except DomainError as error:
            messages.error(request, f"{upload.name}: {text_of(error)}")
    if added:
        text = ngettext("%(count)s picture added.", "%(count)s pictures added.", added)
        messages.success(request, text % {"count": added})
    return _to_pictures(uid)


@needs("products.edit")
@require_POST
def picture_remove(request: ConsoleRequest, uid: str, name: str) -> HttpResponse:
    """Take a picture away."""
    desk = desk_of(request)
    operations.remove_picture(
        merchant_id=desk.merchant_id, actor=desk.actor, product_uid=uid, name=name
    )
    messages.success(request, _("The picture is removed."))
    return _to_pictures(uid)


@needs("products.edit")
@require_POST
def picture_move(request: ConsoleRequest, uid: str, name: str) -> HttpResponse:
    """Move a picture one place forward or back."""
    desk = desk_of(request)
    product = queries.product(merchant_id=desk.merchant_id, uid=uid)
    names = moved([item.name for item in product.pictures], name, request.POST.get("step", ""))
    operations.order_pictures(
        merchant_id=desk.merchant_id, actor=desk.actor, product_uid=uid, names=names
    )
    return _to_pictures(uid)


def moved(items: list[str], item: str, step: str) -> list[str]:
    """Return `items` with one of them a place further ("1") or back ("-1")."""
    if item not in items or step not in {"1", "-1"}:
        return items
    at = items.index(item)
    to = min(max(at + int(step), 0), len(items) - 1)
    items = [*items]
    items.insert(to, items.pop(at))
    return items


def _to_pictures(uid: str) -> HttpResponse:
    response = redirect("console_product", uid)
    response["Location"] += "#pictures"
    return response
