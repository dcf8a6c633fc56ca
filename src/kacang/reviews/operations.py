"""What others may do with reviews: write one, publish or hide it, answer it (X2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import IntegrityError, connection, transaction

from kacang.catalog import queries as catalog
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.types import LineView, UnitState
from kacang.outbox import files
from kacang.reviews.models import REVIEW_STEPS, Review, ReviewPicture, ReviewState
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared import pictures, states
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid

TEXT_MAX = 1_000
REASON_MAX = 300
PICTURES_MAX = 4
BYTES_MAX = 10 * 2**20
SIDE_MAX = 1_600
# For as long as the review is shown: files have to have an end.
LIFETIME = timedelta(days=3_650)
BY_ADDRESS, DAY_SECONDS = 30, 86_400
_TALLY = """
insert into review_tally as t (merchant_id, product_id, one, two, three, four, five)
values (%(merchant)s::bigint, %(product)s::bigint, greatest(%(one)s::int, 0),
        greatest(%(two)s::int, 0), greatest(%(three)s::int, 0), greatest(%(four)s::int, 0),
        greatest(%(five)s::int, 0))
on conflict (merchant_id, product_id) do update set
    one = t.one + %(one)s::int, two = t.two + %(two)s::int, three = t.three + %(three)s::int,
    four = t.four + %(four)s::int, five = t.five + %(five)s::int
"""
_WORDS = ("one", "two", "three", "four", "five")


class UnknownReview(NotFound):
    """There is no such review, or it is not shown."""

    code = "reviews.unknown"


class ReviewsOff(Conflict):
    """The merchant takes no reviews."""

    code = "reviews.off"


class NotBought(Conflict):
    """Nothing of this line has been delivered."""

    code = "reviews.not_bought"


class ReviewedAlready(Conflict):
    """The line has its review."""

    code = "reviews.already"


class BadReview(Invalid):
    """One to five stars, and at most 1,000 characters."""

    code = "reviews.bad"


class BadReviewPicture(Invalid):
    """At most four pictures of at most 10 MB each."""

    code = "reviews.bad_picture"


class ReviewReasonMissing(Invalid):
    """Hiding a review needs a reason, of at most 300 characters."""

    code = "reviews.reason_missing"


@dataclass(frozen=True, slots=True)
class NewReview:
    """What the buyer of an order says of its `line` (from 1). `sent`: pictures as they came."""

    number: str
    line: int
    stars: int
    text: str
    sent: Sequence[bytes] = ()


def write_review(*, merchant_id: int, new: NewReview, actor: Actor) -> str:
    """Take in a review and return its uid. It waits until somebody has looked at it.

    Pictures are written anew. Who may open the order is the caller's to judge.

    Raises:
        ReviewsOff: The merchant takes none.
        UnknownOrder, NotBought: There is no such line, or nothing of it was delivered.
        BadReview, BadReviewPicture: What is said or shown is not taken.
        ReviewedAlready: The line has its review.
        TooManyAttempts: Too many came from this address.
    """
    if not merchants.setting(merchant_id=merchant_id, name="reviews_on"):
        raise ReviewsOff
    text = new.text.replace("\r\n", "\n").strip()
    if new.stars not in range(1, 6) or len(text) > TEXT_MAX or "\0" in text:
        raise BadReview(limit=TEXT_MAX)
    return _keep(merchant_id, replace(new, text=text, sent=_drawn(new.sent)), actor)


@retry_conflicts
def _keep(merchant_id: int, new: NewReview, actor: Actor) -> str:
    with acting_as(merchant_id):
        order = orders.order(merchant_id=merchant_id, number=new.number)
        bought = _bought(order.lines, new.line)
        product = catalog.product(merchant_id=merchant_id, uid=bought.product_uid)
        if actor.address:
            risk.count_attempt(
                merchant_id=merchant_id,
                scope=Scope.REVIEWS_BY_ADDRESS,
                value=actor.address,
                limit=BY_ADDRESS,
                window_seconds=DAY_SECONDS,
            )
        review = Review(
            merchant_id=merchant_id,
            uid=new_uid("rev"),
            product_id=product.id,
            order_id=order.id,
            line_id=bought.id,
            stars=new.stars,
            body=new.text,
            author=masked(order.contact),
            created_at=utc_now(),
        )
        try:
            with transaction.atomic():
                review.save(force_insert=True)
        except IntegrityError:
            raise ReviewedAlready from None
        for body in new.sent:
            uid = new_uid("rvp")
            file_uid = files.store(
                merchant_id=merchant_id,
                purpose="review_picture",
                name=f"{uid}.webp",
                content=body,
                lifetime=LIFETIME,
            )
            ReviewPicture.objects.create(
                merchant_id=merchant_id, uid=uid, review=review, file_uid=file_uid
            )
    return review.uid


@retry_conflicts
def publish(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Show a review on its product's page, and count its stars.

    Raises:
        UnknownReview: There is none.
        WrongState: It is shown.
    """
    with acting_as(merchant_id):
        review = _stepped(merchant_id, uid, ReviewState.PUBLISHED, actor, "")
        _count(review, 1)


@retry_conflicts
def hide(*, merchant_id: int, uid: str, reason: str, actor: Actor) -> None:
    """Show a review no longer, or never; the reason stays with it.

    Raises:
        UnknownReview: There is none.
        ReviewReasonMissing: Nobody says why.
        WrongState: It is hidden.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= REASON_MAX:
        raise ReviewReasonMissing
    with acting_as(merchant_id):
        was = _locked(merchant_id, uid).state
        review = _stepped(merchant_id, uid, ReviewState.HIDDEN, actor, reason)
        if was == ReviewState.PUBLISHED:
            _count(review, -1)


def answer(*, merchant_id: int, uid: str, text: str, actor: Actor) -> None:
    """Answer a review for all to read; an empty text takes the answer away.

    Raises:
        UnknownReview: There is none.
        BadReview: The text is too long.
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) > TEXT_MAX or "\0" in text:
        raise BadReview(limit=TEXT_MAX)
    with acting_as(merchant_id):
        review = _locked(merchant_id, uid)
        review.answer = text
        review.answered_by = actor.label[:120] if text else ""
        review.answered_at = utc_now() if text else None
        review.save(update_fields=["answer", "answered_by", "answered_at"])
        _log(review, actor, "reviews.answer", "")


def masked(contact: Contact) -> str:
    """Return what other buyers see of a contact: a letter, or the last digits of a phone."""
    if contact.email:
        return f"{contact.email[0]}***"
    return f"***{contact.phone[-2:]}" if contact.phone else ""


def _drawn(sent: Sequence[bytes]) -> list[bytes]:
    if len(sent) > PICTURES_MAX or any(not 0 < len(body) <= BYTES_MAX for body in sent):
        raise BadReviewPicture(limit=PICTURES_MAX, limit_mb=BYTES_MAX // 2**20)
    try:
        return [pictures.redraw(body, side_max=SIDE_MAX).body for body in sent]
    except pictures.NotAPicture:
        raise BadReviewPicture(limit=PICTURES_MAX, limit_mb=BYTES_MAX // 2**20) from None


def _bought(lines: Sequence[LineView], line: int) -> LineView:
    if not 1 <= line <= len(lines):
        raise NotBought
    bought = lines[line - 1]
    if not bought.units.get(UnitState.DELIVERED):
        raise NotBought
    return bought


def _stepped(merchant_id: int, uid: str, to: ReviewState, actor: Actor, reason: str) -> Review:
    review = _locked(merchant_id, uid)
    states.check(REVIEW_STEPS, now=ReviewState(review.state), to=to)
    review.state = to
    review.reason = reason
    review.moderated_by = actor.label[:120]
    review.moderated_at = utc_now()
    review.save(update_fields=["state", "reason", "moderated_by", "moderated_at"])
    _log(
        review, actor, "reviews.publish" if to is ReviewState.PUBLISHED else "reviews.hide", reason
    )
    return review


def _locked(merchant_id: int, uid: str) -> Review:
    review = (
        Review.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid[:32])
        .first()
    )
    if review is None:
        raise UnknownReview
    return review


def _count(review: Review, by: int) -> None:
    added = {word: by if at == review.stars else 0 for at, word in enumerate(_WORDS, start=1)}
    with connection.cursor() as cursor:
        cursor.execute(
            _TALLY, {"merchant": review.merchant_id, "product": review.product_id, **added}
        )


def _log(review: Review, actor: Actor, action: str, reason: str) -> None:
    audit.record(
        merchant_id=review.merchant_id,
        actor=actor,
        action=action,
        object_kind="review",
        object_uid=review.uid,
        reason=reason,
    )
