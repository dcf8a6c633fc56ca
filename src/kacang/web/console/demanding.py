"""Whether a person's role demands a second factor that they have not set up (I1)."""

from datetime import timedelta

from allauth.mfa.models import Authenticator

from kacang.merchants import operations, queries
from kacang.merchants.queries import MembershipInfo
from kacang.merchants.settings import SPECS
from kacang.shared.clock import utc_now
from kacang.web.requests import ConsoleRequest


def is_overdue(request: ConsoleRequest) -> bool:
    """Whether the time to set it up is over; `request.second_factor_by` is when it is, or was."""
    request.second_factor_by = None
    # Of one's own role, whoever one looks at the console as.
    own = next((one for one in request.memberships if one.merchant_id == request.merchant), None)
    if own is None or not demands(own) or _is_set_up(request):
        return False
    days = int(str(queries.setting(merchant_id=own.merchant_id, name="second_factor_grace_days")))
    now = utc_now()
    request.second_factor_by = own.second_factor_by or operations.second_factor_deadline(
        merchant_id=own.merchant_id, member_id=own.member_id, grace=timedelta(days=days), now=now
    )
    return request.second_factor_by <= now


def demands(own: MembershipInfo) -> bool:
    """Whether a member's role demands a second factor."""
    name = f"second_factor_{own.role}"
    if name not in SPECS:
        return own.role_needs_second_factor
    return bool(queries.setting(merchant_id=own.merchant_id, name=name))


def _is_set_up(request: ConsoleRequest) -> bool:
    app = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP)
    return bool(app.exists())
