"""What a merchant chooses about signing in and looking at what is masked (I1)."""

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from kacang.merchants.permissions import Role
from kacang.merchants.setting_types import Spec, Type

SAFETY_SPECS = (
    *(
        Spec(
            f"second_factor_{role}", "safety",
            format_lazy(_("A second factor is demanded of: {role}"), role=role.label),
            Type.SWITCH, False,  # noqa: FBT003 - the default value
        )
        for role in Role
    ),
    Spec(
        "second_factor_grace_days", "safety", _("Time to set the second factor up"),
        Type.NUMBER, 7, 0, 60, unit=_("days"),
        help=_("From the first sign-in after it is demanded. Then only the page for it opens."),
    ),
    Spec(
        "operator_visits", "safety", _("The operator of this installation looks into the shop"),
        Type.CHOICE, "allow",
        choices={"allow": _("Comes when needed; you are told"), "ask": _("Asks you first")},
        help=_("Owners are told of every visit as it begins; that cannot be switched off."),
    ),
    Spec(
        "reveals_per_hour", "safety", _("Looks at buyers' details or codes per person and hour"),
        Type.NUMBER, 60, 1, 10_000,
        help=_("More is refused, and tells you that somebody copies your customers."),
    ),
)  # fmt: skip
