"""What a merchant chooses about how messages go out (N1)."""

from django.utils.translation import gettext_lazy as _

from kacang.merchants.setting_types import Spec, Type

NOTICE_SPECS = (
    Spec(
        "sms_price_milli", "mail", _("Price of one text message"),
        Type.NUMBER, 45, 0, 100_000, unit=_("thousandths"), needs="sms",
        help=_("45 are 0.045 in the shop's currency. What was sent keeps the price of its day."),
    ),
    Spec(
        "quiet_for", "mail", _("Quiet hours are kept by"), Type.CHOICE, "nothing",
        choices={
            "nothing": _("Nothing"),
            "texts": _("Text messages"),
            "all": _("Text messages and e-mails"),
        },
        help=_("What can wait is sent when they end. What passes is chosen under Messages."),
    ),
    Spec(
        "quiet_from", "mail", _("Quiet from"), Type.NUMBER, 22, 0, 23, unit=_("o'clock"),
        help=_("In the shop's time zone."),
    ),
    Spec(
        "quiet_until", "mail", _("Quiet until"), Type.NUMBER, 8, 0, 23, unit=_("o'clock"),
    ),
    Spec(
        "daily_message_max", "mail", _("Messages of one kind a day to one recipient"),
        Type.NUMBER, 0, 0, 1000,
        help=_("More are left out, and listed as such. 0: no limit. Codes are never left out."),
    ),
)  # fmt: skip
