"""What people read when something about exports or wallets cannot be done."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MONEY_TEXTS: dict[str, Promise] = {
    "exports.bad_request": _("There is no such list, or it is not written as such a file."),
    "exports.unknown": _("There is no such export, or its time is over."),
    "wallets.another_owner": _("The order is not of the wallet's owner."),
    "wallets.bad_destination": _("Say where the money is to go: {field}."),
    "wallets.bad_payout": _("Say how it was paid: {field}."),
    "wallets.bad_value": _("Something is missing, or not possible: {field}."),
    "wallets.blocked": _("Nothing can be paid from this wallet at the moment."),
    "wallets.day_full": _("At most {most} a day: {left} can still be asked for today."),
    "wallets.held_for_withdrawal": _("The sum is held for a withdrawal. Refuse that instead."),
    "wallets.not_enough": _("Not enough money in the wallet: {has} can be spent."),
    "wallets.not_withdrawable": _("This shop pays nothing out of wallets."),
    "wallets.other_currency": _("The wallet holds {currency}."),
    "wallets.out_of_limits": _("A withdrawal is {least} at least, {most} at most."),
    "wallets.own_approval": _("So much is approved by two people. You were the first."),
    "wallets.own_deposit": _(
        "You have deposited into this wallet. So much must be approved by somebody else."
    ),
    "wallets.reason_missing": _("Please say why."),
    "wallets.unknown": _("There is no such wallet."),
    "wallets.unknown_withdrawal": _("There is no such withdrawal."),
}
