"""Pages of products by key: the cursor is the uid of the last one shown."""

from django.db.models import Q, QuerySet

from kacang.catalog.models import Product

LIMIT_MAX = 200
WORDS_MAX = 8


def page_of(
    merchant_id: int, rows: QuerySet[Product], search: str, cursor: str, limit: int
) -> tuple[list[Product], str]:
    """Return the page of `rows` behind `cursor`, and the cursor of the next page.

    A cursor whose product is gone starts from the beginning.
    """
    limit = max(1, min(limit, LIMIT_MAX))
    for word in search.lower().split()[:WORDS_MAX]:
        rows = rows.filter(search_text__contains=word.replace("\0", ""))
    after = (
        Product.objects.filter(merchant_id=merchant_id, uid=cursor)
        .values_list("position", "id")
        .first()
        if cursor
        else None
    )
    if after:
        rows = rows.filter(Q(position__gt=after[0]) | Q(position=after[0], id__gt=after[1]))
    found = list(rows.select_related("category").order_by("position", "id")[: limit + 1])
    page = found[:limit]
    return page, page[-1].uid if len(found) > limit else ""
