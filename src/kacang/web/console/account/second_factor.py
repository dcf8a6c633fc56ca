"""A second factor asked for again, for one act: not for the session, not for the next quarter."""

from allauth.mfa.models import Authenticator

from kacang.merchants.operations.operator import use_code
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.clock import utc_now
from kacang.shared.errors import Refused
from kacang.web.console.account.signing_in import write_down
from kacang.web.requests import ConsoleRequest

TRIES = 5
WINDOW_SECONDS = 300


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
    """Say that a code is used, in the whole installation; return whether it was not before.

    What allauth keeps of used codes, it keeps for each process on its own.
    """
    return use_code(user_id=user_id, code=code, now=utc_now())


def is_valid(request: ConsoleRequest, code: str) -> bool:
    """Whether a code is one of the person's app now; it is not used up by this."""
    app = _app_of(request)
    return app is not None and bool(app.wrap().validate_code("".join(code.split())))


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
