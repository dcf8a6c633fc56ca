"""How people sign in: what allauth and axes ask this installation to decide."""

from datetime import timedelta
from typing import Any, Protocol

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kacang.merchants import operations
from kacang.merchants.audit import Actor
from kacang.merchants.master import master_keys
from kacang.shared.ciphers import CannotOpen, MerchantCipher
from kacang.shared.clock import utc_now
from kacang.web.addresses import client_address
from kacang.web.console.account.places import tell_of_new_place
from kacang.web.design import drawings

# Shops and console share no cookie (rule 29).
THEME_COOKIE, THEME_PATH = "kc_theme", "/console"
YEAR_SECONDS = 365 * 24 * 3600
LOCKED_OUT_EVERY = timedelta(minutes=15)


class Person(Protocol):
    """What is needed of a user here."""

    pk: int
    email: str
    language: str
    theme: str


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by whoever invites staff; nobody signs up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "too_many_login_attempts": _("Too many attempts. Please wait a few minutes."),
        "enter_current_password": _("Please type your current password."),
        "incorrect_password": _("The password is wrong."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the port's
        """Refuse everybody."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Believe configured proxies only (rule 29)."""
        return client_address(request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: our own views say what happened, in our words."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave counting of failures to axes, which counts for all processes together."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        """Check a password. Axes counts by `username`, so the address goes in under that name."""
        email = credentials.pop("email", "") or credentials.pop("username", "")
        user: Person | None = super().authenticate(
            request, username=email.strip().lower(), password=credentials.get("password", "")
        )
        return user

    def post_login(self, request: HttpRequest, user: Person, **more: Any) -> HttpResponse:
        """Write the sign-in down in each merchant of the person."""
        response: HttpResponse = super().post_login(request, user, **more)
        write_down(request, user, "account.sign_in")
        tell_of_new_place(request, user)
        remember_theme(response, user.theme)
        # Who chose another language than the installation's has it on every device.
        if user.language != settings.LANGUAGE_CODE:
            remember_language(response, user.language)
        return response

    def respond_user_inactive(self, request: HttpRequest, user: Person) -> HttpResponse:  # noqa: ARG002 - the port's
        """Send somebody whose account is closed back to the form."""
        messages.error(request, gettext("This account is closed."))
        return HttpResponseRedirect(resolve_url("account_login"))

    def get_logout_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - the port's
        """Lead to the form for signing in."""
        return str(resolve_url("account_login"))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - the port's
        """Lead back to the person's own page."""
        return str(resolve_url("console_profile"))


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are sealed at rest, their QR code is ours."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("The code is wrong."),
    }

    def get_totp_issuer(self) -> str:
        """Return the name that the authenticator app shows."""
        return "Kacang"

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code."""
        return str(drawings.qr_svg(url, label=gettext("QR code for the authenticator app")))

    def encrypt(self, text: str) -> str:
        """Seal a secret under a key that comes from the master key."""
        return _second_factor_ciphers()[0].seal("mfa_authenticator", "data", text.encode()).hex()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed."""
        envelope = bytes.fromhex(encrypted_text)
        for cipher in _second_factor_ciphers():
            try:
                return cipher.open("mfa_authenticator", "data", envelope).decode()
            except CannotOpen:
                continue
        raise CannotOpen


def reseal_second_factors() -> int:
    """Seal people's second factors under the present master key; return of how many people.

    Each person's is a transaction of its own: it may be cut off and run again at any point.
    """
    changed = 0
    adapter = MFAAdapter()
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            data = {name: _resealed(adapter, value) for name, value in row.data.items()}
            if data != row.data:
                row.data = data
                row.save(update_fields=["data"])
                changed += 1
    return changed


def _resealed(adapter: MFAAdapter, value: Any) -> Any:
    if isinstance(value, list):
        return [_resealed(adapter, one) for one in value]
    if not isinstance(value, str):
        return value
    present, *_earlier = _second_factor_ciphers()
    try:
        present.open("mfa_authenticator", "data", bytes.fromhex(value))
    except CannotOpen:
        return adapter.encrypt(adapter.decrypt(value))
    return value


def remember_language(response: HttpResponse, language: str) -> None:
    """Let the browser remember the language, as the switch in the frame does."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR_SECONDS,
        path=settings.LANGUAGE_COOKIE_PATH,
        secure=settings.HTTPS,
        samesite="Lax",
    )


def remember_theme(response: HttpResponse, theme: str) -> None:
    """Let the browser remember the look, for the pages before signing in."""
    if theme == "system":
        response.delete_cookie(THEME_COOKIE, path=THEME_PATH)
        return
    # The switch in the frame writes it too.
    response.set_cookie(
        THEME_COOKIE,
        theme,
        path=THEME_PATH,
        max_age=YEAR_SECONDS,
        secure=settings.HTTPS,
        samesite="Lax",
    )


def write_down(request: HttpRequest, user: Person, action: str) -> None:
    """Record what happened to an account in the log of each merchant of the person."""
    operations.audit_person(user_id=user.pk, actor=actor_of(request, user), action=action)


def actor_of(request: HttpRequest, user: Person) -> Actor:
    """Return the person as the logs name them."""
    return Actor(kind="user", id=user.pk, label=user.email, address=client_address(request))


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None,  # noqa: ARG001 - the port's
    credentials: dict[str, Any] | None,
) -> HttpResponse:
    """Answer somebody who guessed too often, and say how long it lasts."""
    email = str((credentials or {}).get("username") or "").strip().lower()
    # The same words for an address that nobody has: who has an account is not told.
    user = get_user_model().objects.filter(email=email).first()
    if user is not None:
        operations.audit_person(
            user_id=user.pk, actor=actor_of(request, user), action="account.locked_out",
            once_within=LOCKED_OUT_EVERY,
        )  # fmt: skip
    minutes = _minutes_left(request, email)
    answer = render(request, "console/account/locked.html", {"minutes": minutes}, status=429)
    answer.headers["Retry-After"] = str(minutes * 60)
    return answer


def _minutes_left(request: HttpRequest, email: str) -> int:
    span = get_cool_off(request) or timedelta()
    last = AccessAttempt.objects.filter(username=email).order_by("-attempt_time").first()
    left = (last.attempt_time + span - utc_now()) if last else span
    return max(1, -(-int(left.total_seconds()) // 60))


def _second_factor_ciphers() -> list[MerchantCipher]:
    """The present one, which seals, and where there is one that of the previous master key."""
    # People belong to no merchant, so their secrets have a key of the installation's own.
    return [
        MerchantCipher(
            merchant_id=0,
            keys={1: HKDF(hashes.SHA256(), 32, None, b"kacang second factors").derive(master)},
            newest=1,
            fingerprint_key=b"",
        )
        for master in master_keys()
    ]
