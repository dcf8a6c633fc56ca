"""Opening a merchant, and looking into one, from the command line."""

from django.conf import settings
from django.urls import reverse

from kacang.cli.inside.actor import operator
from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.operations import Invited, MerchantKind
from kacang.shared.clock import utc_now


def open_shop(*, slug: str, name: str, kind: str, email: str) -> Invited:
    """Open a merchant together with its owner."""
    return merchants.open_with_owner(
        slug=slug, name=name, kind=MerchantKind(kind), email=email, actor=operator()
    )


def visit(*, slug: str, email: str, reason: str, may_change: bool) -> str:
    """Let somebody with an account look into a merchant for half an hour; return the link."""
    uid = merchants.start_operator_visit(
        merchant_id=queries.merchant_id_of_slug(slug), email=email, reason=reason,
        may_change=may_change, now=utc_now(),
    )  # fmt: skip
    base = settings.PUBLIC_URL
    if settings.CONSOLE_HOST:
        base = f"{base.partition('://')[0]}://{settings.CONSOLE_HOST}"
    return base + reverse("console_visit_enter", args=[uid])
