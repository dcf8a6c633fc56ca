"""Opening a merchant from the command line."""

from kacang.cli.inside.actor import operator
from kacang.merchants import operations as merchants
from kacang.merchants.operations import Invited, MerchantKind


def open_shop(*, slug: str, name: str, kind: str, email: str) -> Invited:
    """Open a merchant together with its owner."""
    return merchants.open_with_owner(
        slug=slug, name=name, kind=MerchantKind(kind), email=email, actor=operator()
    )
