"""A second factor asked for again, for one act: not for the session, not for the next quarter."""

from datetime import timedelta

from allauth.mfa.models import Authenticator

from kacang.merchants import queries
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.errors import Refused
from kacang.web.console.account.signing_in import write_down
from kacang.web.requests import ConsoleRequest

TRIES = 5
WINDOW_SECONDS = 300
# Longer than a code is taken: half a minute, and as much before and after for wrong clocks.
USED_SECONDS = int(timedelta(minutes=3).total_seconds())


class SecondFactorMissing(Refused):
    """The person has no authenticator app set up."""

    code = "account.second_factor_missing"


class SecondFactorWrong(Refused):
    """The code is wrong, or was used before."""

    code = "account.second_factor_wrong"


def has_second_factor(request: ConsoleRequest) -> bool:
    """Whether the person has an authenticator app."""
    return _app_of(request) is not None


def check_second_factor(request: ConsoleRequest, code: str) -> None:
    """Demand a code of the person's authenticator app that was not used before.

    Recovery codes are for signing in when the phone is lost; they do not count here.

    Raises:
        SecondFactorMissing, SecondFactorWrong: As they say. A wrong code is in the log.
        TooManyAttempts: Five codes in five minutes were typed.
    """
    app = _app_of(request)
    if app is None:
        raise SecondFactorMissing
    person = str(request.user.pk)
    _count(request, Scope.SECOND_FACTOR_BY_PERSON, person, TRIES, WINDOW_SECONDS)
    code = "".join(code.split())
    if not app.wrap().validate_code(code):
        write_down(request, request.user, "account.second_factor_failed")  # type: ignore[arg-type] # signed in
        raise SecondFactorWrong
    if not use_up(int(person), code):
        raise SecondFactorWrong


def use_up(user_id: int, code: str) -> bool:
    """Say that a code is used, wherever the person works; return whether it was not before.

    What allauth keeps of used codes, it keeps for each process on its own.
    """
    value = f"{user_id}/{''.join(code.split())}"
    is_new = True
    for membership in queries.memberships_of(user_id=user_id):
        try:
            risk.count_attempt(
                merchant_id=membership.merchant_id,
                scope=Scope.SECOND_FACTOR_USED,
                value=value,
                limit=1,
                window_seconds=USED_SECONDS,
            )
        except risk.TooManyAttempts:
            is_new = False
    return is_new


def _count(request: ConsoleRequest, scope: Scope, value: str, limit: int, seconds: int) -> None:
    risk.count_attempt(
        merchant_id=request.merchant,
        scope=scope,
        value=value,
        limit=limit,
        window_seconds=seconds,
    )


def _app_of(request: ConsoleRequest) -> Authenticator | None:
    found = Authenticator.objects.filter(
        user_id=request.user.pk, type=Authenticator.Type.TOTP
    ).first()
    return found if isinstance(found, Authenticator) else None
