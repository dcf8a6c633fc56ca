"""One's own account: name, language, password, second factor, sessions."""

from typing import Any, cast

from allauth.account.views import PasswordChangeView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from kacang.merchants import operations
from kacang.shared.errors import NotFound
from kacang.web.console.access import needs, needs_self
from kacang.web.console.account.devices import name_of_device
from kacang.web.console.account.forms import NewPasswordForm, SwitchOnForm
from kacang.web.console.account.second_factor import use_up
from kacang.web.console.account.signing_in import (
    remember_language,
    remember_theme,
    write_down,
)
from kacang.web.requests import ConsoleRequest


class UnknownSession(NotFound):
    """This person has no such session."""

    code = "account.unknown_session"


THEMES = (("system", _("As the system says")), ("light", _("Light")), ("dark", _("Dark")))


class ProfileForm(forms.Form):
    """What a person may change of themselves."""

    name = forms.CharField(label=_("Name"), max_length=80)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("Appearance"), choices=THEMES, required=False)


@needs_self
@require_http_methods(["GET", "POST"])
def profile(request: ConsoleRequest) -> HttpResponse:
    """Show the account; change name and language."""
    user = cast(Any, request.user)
    form = ProfileForm(
        request.POST or None,
        initial={"name": user.name, "language": user.language, "theme": user.theme},
    )
    if request.method == "POST" and form.is_valid():
        language = form.cleaned_data["language"]
        operations.change_profile(
            user_id=user.pk, name=form.cleaned_data["name"], language=language,
            theme=form.cleaned_data["theme"] or user.theme,
        )  # fmt: skip
        with translation.override(language):
            messages.success(request, gettext("Saved."))
        answer = redirect("console_profile")
        remember_language(answer, language)
        remember_theme(answer, form.cleaned_data["theme"] or user.theme)
        return answer
    values = {"form": form, **_second_factor(user.pk), "sessions": _sessions(request)}
    status = 422 if form.errors else 200
    return render(request, "console/account/profile.html", values, status=status)


@needs()
@require_POST
def theme(request: ConsoleRequest) -> HttpResponse:
    """Keep the look that the switch in the frame was turned to."""
    user = cast(Any, request.user)
    operations.change_profile(
        user_id=user.pk, name=user.name, language=user.language, theme=request.POST.get("theme", "")
    )
    return HttpResponse(status=204)


@needs_self
@require_POST
def end_session(request: ConsoleRequest, session_id: int) -> HttpResponse:
    """Sign the person out at another device."""
    session = UserSession.objects.filter(id=session_id, user=cast(Any, request.user)).first()
    if session is None:
        raise UnknownSession
    session.end()
    write_down(request, cast(Any, request.user), "account.end_session")
    messages.success(request, gettext("Signed out there."))
    return redirect("console_profile")


@needs_self
@require_POST
def end_other_sessions(request: ConsoleRequest) -> HttpResponse:
    """Sign the person out everywhere but here."""
    for session in UserSession.objects.purge_and_list(cast(Any, request.user)):
        if session.session_key != request.session.session_key:
            session.end()
    write_down(request, cast(Any, request.user), "account.end_other_sessions")
    messages.success(request, gettext("Signed out everywhere else."))
    return redirect("console_profile")


class ChangePasswordView(PasswordChangeView):  # type: ignore[misc]
    """Change the password; every other session ends by it."""

    template_name = "console/account/password.html"
    form_class = NewPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it, write it down, say so."""
        response: HttpResponse = super().form_valid(form)
        write_down(self.request, self.request.user, "account.change_password")
        messages.success(self.request, gettext("The password was changed."))
        return response


class SwitchOnView(ActivateTOTPView):  # type: ignore[misc]
    """Set up the authenticator app."""

    template_name = "console/account/totp_on.html"
    form_class = SwitchOnForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Switch it on and write it down."""
        response: HttpResponse = super().form_valid(form)
        write_down(self.request, self.request.user, "account.second_factor_on")
        # It has shown that the app works; it opens nothing else.
        use_up(int(self.request.user.pk), str(form.cleaned_data["code"]))
        return response


class SwitchOffView(DeactivateTOTPView):  # type: ignore[misc]
    """Do without the second factor again."""

    template_name = "console/account/totp_off.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Switch it off and write it down."""
        response: HttpResponse = super().form_valid(form)
        write_down(self.request, self.request.user, "account.second_factor_off")
        messages.success(self.request, gettext("The second factor is off."))
        return response


class NewCodesView(GenerateRecoveryCodesView):  # type: ignore[misc]
    """Make new recovery codes; the old ones end."""

    template_name = "console/account/new_codes.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Make them and write it down."""
        response: HttpResponse = super().form_valid(form)
        write_down(self.request, self.request.user, "account.new_recovery_codes")
        return response


change_password = needs_self(ChangePasswordView.as_view())
totp_on = needs_self(SwitchOnView.as_view())
totp_off = needs_self(SwitchOffView.as_view())
recovery_codes = needs_self(
    ViewRecoveryCodesView.as_view(template_name="console/account/recovery_codes.html")
)
new_codes = needs_self(NewCodesView.as_view())


def _second_factor(user_id: int) -> dict[str, Any]:
    known = {one.type: one for one in Authenticator.objects.filter(user_id=user_id)}
    codes = known.get(Authenticator.Type.RECOVERY_CODES)
    return {
        "totp": known.get(Authenticator.Type.TOTP),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
    }


def _sessions(request: ConsoleRequest) -> list[dict[str, Any]]:
    found = UserSession.objects.purge_and_list(cast(Any, request.user))
    rows = [
        {
            "id": one.pk,
            "device": name_of_device(one.user_agent),
            "address": one.ip,
            "created_at": one.created_at,
            "seen_at": one.last_seen_at,
            "is_here": one.session_key == request.session.session_key,
        }
        for one in found
    ]
    return sorted(rows, key=lambda row: (not row["is_here"], -row["seen_at"].timestamp()))
