"""What a merchant chooses of its customers' wallets: what is paid out of them, and by whom (F3)."""

from django.utils.translation import gettext_lazy as _

from kacang.merchants.setting_types import Spec, Type

WHOLE_MAX = 1_000_000

WALLET_SPECS = (
    Spec(
        "deposits", "wallets", _("Customers can pay money into their wallets"),
        Type.SWITCH, False,  # noqa: FBT003 - the default value
        help=_("By every way to pay that fits the amount and the device."),
    ),
    Spec(
        "deposit_min", "wallets", _("Smallest deposit"), Type.NUMBER, 1, 0, WHOLE_MAX,
        help=_("In whole units of the currency. 0: no limit."),
    ),
    Spec(
        "deposit_max", "wallets", _("Largest deposit"), Type.NUMBER, 5000, 0, WHOLE_MAX,
        help=_("In whole units of the currency. 0: no limit."),
    ),
    Spec(
        "deposit_amounts", "wallets", _("Amounts to choose from"), Type.LINE, "50 100 200 500",
        0, 60, help=_("Whole units with spaces between, six at most. Others can be typed."),
    ),
    Spec(
        "withdrawals", "wallets", _("Customers can ask for money out of their wallets"),
        Type.SWITCH, False,  # noqa: FBT003 - the default value
        help=_("Somebody approves and pays each withdrawal. Off: what is in a wallet is spent in"
               " the shop."),
    ),
    Spec(
        "withdrawal_min", "wallets", _("Smallest withdrawal"), Type.NUMBER, 0, 0, WHOLE_MAX,
        help=_("In whole units of the currency. 0: no limit."),
    ),
    Spec(
        "withdrawal_max", "wallets", _("Largest withdrawal"), Type.NUMBER, 0, 0, WHOLE_MAX,
        help=_("In whole units of the currency. 0: no limit."),
    ),
    Spec(
        "withdrawal_day_max", "wallets", _("Withdrawals of one wallet in a day, at most"),
        Type.NUMBER, 0, 0, WHOLE_MAX,
        help=_("In whole units of the currency. 0: no limit."),
    ),
    Spec(
        "withdrawal_alone_owner", "wallets", _("The owner approves withdrawals alone up to"),
        Type.NUMBER, WHOLE_MAX, 0, WHOLE_MAX,
        help=_("Of one wallet within a week, in whole units. What is more is approved by two"
               " people, and by nobody who has deposited into that wallet."),
    ),
    Spec(
        "withdrawal_alone_finance", "wallets", _("Finance approves withdrawals alone up to"),
        Type.NUMBER, 1000, 0, WHOLE_MAX,
    ),
    Spec(
        "mail_withdrawals", "wallets",
        _("E-mail the customer when a withdrawal is asked for, paid or refused"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
    ),
)  # fmt: skip
