"""Opening a merchant, and looking into one, from the command line."""

from dataclasses import replace

from django.conf import settings
from django.urls import reverse

from kacang.cli.inside.actor import operator as at_terminal
from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.audit import Actor
from kacang.merchants.operations import Invited, MerchantKind, operator_visits
from kacang.merchants.operations.operator_visits import OperatorDraft
from kacang.merchants.queries import operator
from kacang.shared.clock import utc_now


def open_shop(*, slug: str, name: str, kind: str, email: str) -> Invited:
    """Open a merchant together with its owner."""
    return merchants.open_with_owner(
        slug=slug, name=name, kind=MerchantKind(kind), email=email, actor=at_terminal()
    )


def visit(*, slug: str, email: str, reason: str, may_change: bool) -> str:
    """Let an operator look into a merchant; return the link.

    "" where the merchant wants to be asked: its owners are asked now, or were before.
    """
    merchant_id = queries.merchant_id_of_slug(slug)
    person = operator.operator_of(email=email)
    now = utc_now()
    draft = OperatorDraft(reason, may_change)
    allowed = next(
        (
            one.uid
            for one in operator.requests_of(operator_id=person.id)
            if one.merchant_uid == queries.merchant(merchant_id=merchant_id).uid
            and one.state_at(now) == "allowed"
        ),
        "",
    )
    actor = Actor(kind="command", label=person.email)
    try:
        uid = operator_visits.start_operator_visit(
            merchant_id=merchant_id, user_id=person.id, actor=actor, now=now,
            draft=replace(draft, request=allowed),
        )  # fmt: skip
    except operator_visits.MustAsk:
        operator_visits.ask_for_visit(
            merchant_id=merchant_id, user_id=person.id, draft=draft, actor=actor, now=now
        )
        return ""
    base = settings.PUBLIC_URL
    if settings.CONSOLE_HOST:
        base = f"{base.partition('://')[0]}://{settings.CONSOLE_HOST}"
    return base + reverse("console_visit_enter", args=[uid])
