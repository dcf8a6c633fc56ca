"""The forms of signing in, with our words."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.account.forms import ReauthenticateForm as AllauthPasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.utils.translation import gettext_lazy as _

from kacang.web.console.account.second_factor import use_up
from kacang.web.console.account.signing_in import write_down


class PlainLabels(forms.Form):
    """Gives fields our labels and takes placeholders away: labels say it already."""

    labels: dict[str, Any] = {}
    helps: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = self.labels.get(name, field.label)
            field.help_text = self.helps.get(name, "")
            field.widget.attrs.pop("placeholder", None)


class SignInForm(PlainLabels, LoginForm):  # type: ignore[misc]
    """E-mail address and password."""

    labels = {"login": _("E-mail"), "password": _("Password")}


class PasswordAgainForm(PlainLabels, AllauthPasswordForm):  # type: ignore[misc]
    """The password, before something that matters."""

    labels = {"password": _("Password")}


class NewPasswordForm(PlainLabels, ChangePasswordForm):  # type: ignore[misc]
    """The present password and a new one, twice."""

    labels = {
        "oldpassword": _("Present password"),
        "password1": _("New password"),
        "password2": _("New password again"),
    }
    helps = {"password1": _("At least 10 characters, not one that everybody uses.")}


class CodeFields(PlainLabels):
    """Makes the field for a code easy to fill in on a phone."""

    labels = {"code": _("Sign-in code")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update({"class": "code", "autocomplete": "one-time-code"})


class SignInCodeForm(CodeFields, AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in. Failures are written down; the code is used up."""

    def save(self) -> None:
        """Take the code: no act asks for this one again."""
        super().save()
        use_up(int(self.user.pk), str(self.cleaned_data["code"]))

    def _emit_authentication_failed(self, authenticator: Any) -> None:
        super()._emit_authentication_failed(authenticator)
        write_down(context.request, self.user, "account.second_factor_failed")


class CodeAgainForm(CodeFields, ReauthenticateForm):  # type: ignore[misc]
    """The second factor, before something that matters. Failures are written down."""

    def save(self) -> None:
        """Take the code: no act asks for this one again."""
        super().save()
        use_up(int(self.user.pk), str(self.cleaned_data["code"]))

    def _emit_authentication_failed(self, authenticator: Any) -> None:
        super()._emit_authentication_failed(authenticator)
        write_down(context.request, self.user, "account.second_factor_failed")


class SwitchOnForm(CodeFields, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an authenticator app."""
