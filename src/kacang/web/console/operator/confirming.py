"""A second factor for one act of an operator, who may work for no merchant."""

from django import forms
from django.utils.translation import gettext_lazy as _

from kacang.merchants.operations import operator
from kacang.shared.clock import utc_now
from kacang.web.console.account.second_factor import is_valid, use_up
from kacang.web.console.account.signing_in import write_down
from kacang.web.requests import ConsoleRequest

CODE_LENGTH = 10


def code_field() -> forms.CharField:
    """Return the field for a code."""
    return forms.CharField(
        label=_("Code of your authenticator app"),
        max_length=CODE_LENGTH,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "code"}
        ),
    )


class CodeForm(forms.Form):
    """A second factor, asked for again."""

    code = code_field()


def confirmed(request: ConsoleRequest, code: str) -> bool:
    """Whether a code is right and was not used; it is used up, and counted, right or wrong.

    Raises:
        TooManyCodes: Five were typed within three minutes.
    """
    person = int(request.user.pk or 0)
    operator.check_tries(user_id=person, now=utc_now())
    is_right = is_valid(request, code)
    return use_up(person, code) and is_right


def note_wrong(request: ConsoleRequest) -> None:
    """Write a wrong code down in the log of each merchant for which the person works."""
    write_down(request, request.user, "account.second_factor_failed")  # type: ignore[arg-type] # signed in
