"""Signing in and out, second factor, choice of the shop (I1)."""

from typing import Any, cast

from allauth.account.views import LoginView, LogoutView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as RepeatCodeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from kacang.merchants import queries
from kacang.web.access import marked, public
from kacang.web.console.access import SESSION_MERCHANT, SESSION_VISIT, enter, needs_login
from kacang.web.console.account.forms import (
    CodeAgainForm,
    PasswordAgainForm,
    SignInCodeForm,
    SignInForm,
)
from kacang.web.console.account.signing_in import write_down
from kacang.web.requests import ConsoleRequest


class SignInView(LoginView):  # type: ignore[misc]
    """The form for signing in. It leads on within the console only."""

    template_name = "console/account/login.html"
    form_class = SignInForm

    def get_next_url(self) -> str:
        """Return where to go after signing in: the page that was asked for, or the first."""
        wanted = self.request.POST.get("next") or self.request.GET.get("next")
        if wanted and wanted.startswith("/console/") and is_local(self.request, wanted):
            return str(wanted)
        return "/console/"


class SignOutView(LogoutView):  # type: ignore[misc]
    """Ends the session, by POST only; asked by link it shows a button."""

    template_name = "console/account/logout.html"

    def logout(self) -> None:
        """End the session and write it down."""
        user = self.request.user
        super().logout()
        if user.is_authenticated:
            write_down(self.request, cast(Any, user), "account.sign_out")


login = public(SignInView.as_view())
logout = public(SignOutView.as_view())
# Guarded by the step of signing in that came before: without it, allauth leads to the form.
second_factor = marked(
    AuthenticateView.as_view(
        template_name="console/account/second_factor.html", form_class=SignInCodeForm
    ),
    "login step",
)
reauthenticate = needs_login(
    ReauthenticateView.as_view(
        template_name="console/account/reauthenticate.html", form_class=PasswordAgainForm
    )
)
repeat_code = needs_login(
    RepeatCodeView.as_view(
        template_name="console/account/repeat_code.html", form_class=CodeAgainForm
    )
)


@needs_login
@require_http_methods(["GET", "POST"])
def merchants(request: ConsoleRequest) -> HttpResponse:
    """Choose for which shop to work; who works for one only is sent on."""
    memberships = queries.memberships_of(user_id=cast(int, request.user.pk))
    if request.method == "POST":
        wanted = request.POST.get("membership", "")
        for membership in memberships:
            if membership.uid == wanted:
                request.session[SESSION_MERCHANT] = membership.merchant_id
                request.session.pop(SESSION_VISIT, None)
                request.visit = None
                enter(request, membership)
                return redirect("/console/")
    if len(memberships) == 1:
        return redirect("/console/")
    values = {"memberships": memberships, "current": getattr(request, "merchant", None)}
    return render(request, "console/account/merchants.html", values)


@needs_login
def own_page(_: ConsoleRequest) -> HttpResponse:
    """Lead to the person's own page, which has second factor and sessions."""
    return HttpResponseRedirect("/console/account/")


def is_local(request: HttpRequest, address: str) -> bool:
    """Say whether an address stays on this host."""
    return url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
