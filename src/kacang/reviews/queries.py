"""What others may ask about reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.reviews.models import Review, ReviewPicture, ReviewState, Tally
from kacang.reviews.operations import UnknownReview
from kacang.shared.errors import Invalid
from kacang.shared.texts import Text

__all__ = [
    "BadReviewCursor", "ReviewPage", "ReviewState", "ReviewView", "Stars", "are_on", "counts",
    "lines_reviewed", "picture", "queue", "shown", "stars_of",
]  # fmt: skip
PAGE_MAX = 100
DIGITS_MAX = 18


class BadReviewCursor(Invalid):
    """The cursor did not come from this list."""

    code = "reviews.bad_cursor"


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review. `pictures` are names under which it is served."""

    uid: str
    product_uid: str
    product: Text
    order_id: int
    stars: int
    body: str
    author: str
    state: ReviewState
    reason: str
    moderated_by: str
    answer: str
    answered_at: datetime | None
    created_at: datetime
    pictures: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A page of reviews, the newest first."""

    rows: Sequence[ReviewView]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Stars:
    """How many published reviews gave one to five stars."""

    counts: tuple[int, int, int, int, int]

    @property
    def total(self) -> int:
        """How many reviews are shown."""
        return sum(self.counts)

    @property
    def average(self) -> str:
        """Their average with one digit, such as "4.6"; "" without any."""
        if not self.total:
            return ""
        tenths = (sum(at * count for at, count in enumerate(self.counts, 1)) * 20 + self.total) // (
            2 * self.total
        )
        return f"{tenths // 10}.{tenths % 10}"


def are_on(*, merchant_id: int) -> bool:
    """Whether the merchant takes and shows reviews."""
    return bool(merchants.setting(merchant_id=merchant_id, name="reviews_on"))


def shown(*, merchant_id: int, product_id: int, cursor: str = "", limit: int = 10) -> ReviewPage:
    """Return a page of what is shown of a product's reviews.

    Raises:
        BadReviewCursor: `cursor` did not come from here.
    """
    with acting_as(merchant_id):
        found = Review.objects.filter(
            merchant_id=merchant_id, product_id=product_id, state=ReviewState.PUBLISHED
        )
        return _page(found, cursor, limit)


def queue(*, merchant_id: int, state: ReviewState, cursor: str = "", limit: int = 50) -> ReviewPage:
    """Return a page of reviews in one state, for those who moderate.

    Raises:
        BadReviewCursor: `cursor` did not come from here.
    """
    with acting_as(merchant_id):
        return _page(Review.objects.filter(merchant_id=merchant_id, state=state), cursor, limit)


def counts(*, merchant_id: int) -> Mapping[ReviewState, int]:
    """Return how many reviews wait to be looked at."""
    with acting_as(merchant_id):
        rows = Review.objects.filter(merchant_id=merchant_id, state=ReviewState.WAITING)
        found = rows.aggregate(count=Count("id"))
    return {ReviewState.WAITING: found["count"]}


def stars_of(*, merchant_id: int, product_id: int) -> Stars:
    """Return the stars of a product, from the sums."""
    with acting_as(merchant_id):
        row = Tally.objects.filter(merchant_id=merchant_id, product_id=product_id).first()
    if row is None:
        return Stars((0, 0, 0, 0, 0))
    return Stars((row.one, row.two, row.three, row.four, row.five))


def of_orders(*, merchant_id: int, order_ids: Sequence[int], limit: int = 20) -> ReviewPage:
    """Return reviews of some orders, in any state, the newest first."""
    with acting_as(merchant_id):
        found = Review.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids))
        return _page(found, "", limit)


def lines_reviewed(*, merchant_id: int, order_id: int) -> frozenset[int]:
    """Return the lines of an order that have their review."""
    with acting_as(merchant_id):
        rows = Review.objects.filter(merchant_id=merchant_id, order_id=order_id)
        return frozenset(rows.values_list("line_id", flat=True))


def picture(*, merchant_id: int, uid: str, only_shown: bool = True) -> bytes:
    """Return a picture of a review, as WebP; `only_shown`: of one that everybody may see.

    Raises:
        UnknownReview: There is none.
    """
    with acting_as(merchant_id):
        found = ReviewPicture.objects.filter(
            merchant_id=merchant_id, uid=uid[:32], review__merchant_id=merchant_id
        )
        if only_shown:
            found = found.filter(review__state=ReviewState.PUBLISHED)
        row = found.first()
    if row is None:
        raise UnknownReview
    try:
        return files.read(merchant_id=merchant_id, uid=row.file_uid)
    except files.UnknownFile:
        raise UnknownReview from None


def _page(found: QuerySet[Review], cursor: str, limit: int) -> ReviewPage:
    limit = max(1, min(limit, PAGE_MAX))
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= DIGITS_MAX):
            raise BadReviewCursor
        found = found.filter(id__lt=int(cursor))
    rows = list(found.select_related("product").order_by("-id")[: limit + 1])
    names: dict[int, list[str]] = {}
    if rows:
        mine = ReviewPicture.objects.filter(
            merchant_id=rows[0].merchant_id, review_id__in=[row.pk for row in rows]
        )
        for review_id, uid in mine.order_by("id").values_list("review_id", "uid"):
            names.setdefault(review_id, []).append(uid)
    following = str(rows[limit - 1].pk) if len(rows) > limit else ""
    return ReviewPage([_view(row, names.get(row.pk, [])) for row in rows[:limit]], following)


def _view(row: Review, names: Sequence[str]) -> ReviewView:
    return ReviewView(
        uid=row.uid,
        product_uid=row.product.uid,
        product=row.product.title,
        order_id=row.order_id,
        stars=row.stars,
        body=row.body,
        author=row.author,
        state=ReviewState(row.state),
        reason=row.reason,
        moderated_by=row.moderated_by,
        answer=row.answer,
        answered_at=row.answered_at,
        created_at=row.created_at,
        pictures=names,
    )
