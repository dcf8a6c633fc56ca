"""Every value that a merchant can choose: its type, default and bounds. A typed list, not a bag."""

from django.utils.translation import gettext_lazy as _

from kacang.merchants.notice_settings import NOTICE_SPECS
from kacang.merchants.safety_settings import SAFETY_SPECS
from kacang.merchants.setting_types import BadSetting, Spec, Type, Value, Words
from kacang.merchants.wallet_settings import WALLET_SPECS
from kacang.shared.errors import NotFound

__all__ = [
    "GROUPS", "SPECS", "BadSetting", "Spec", "Type", "UnknownSetting", "Value", "Words", "spec_of",
]  # fmt: skip


class UnknownSetting(NotFound):
    """There is no setting of this name."""

    code = "settings.unknown"


GROUPS: dict[str, Words] = {
    "shop": _("Shop"),
    "orders": _("Orders"),
    "refunds": _("Refunds"),
    "aftersales": _("After-sales"),
    "wallets": _("Wallets"),
    "safety": _("Signing in"),
    "risk": _("Limits against abuse"),
    "stock": _("Stock"),
    "mail": _("Notices"),
}

_SPECS = (
    Spec(
        "shop_name", "shop", _("Shop name"), Type.LINE, "", 0, 40,
        help=_("What buyers read. Empty: the merchant's name."),
    ),
    Spec(
        "shop_logo", "shop", _("Logo"), Type.PICTURE, "",
        help=_("A square picture, PNG, JPEG or WebP, up to 4 MB."),
    ),
    Spec("shop_colour", "shop", _("Theme colour"), Type.COLOUR, "#2b5ce6"),
    Spec(
        "shop_announcement", "shop", _("Announcement"), Type.TEXT, {}, 0, 500,
        help=_("Shown on top of the shop's home page."),
    ),
    Spec(
        "support_contact", "shop", _("Support contact"), Type.TEXT, {}, 0, 200,
        help=_("How buyers reach you: phone, WeChat, opening hours."),
    ),
    Spec(
        "default_language", "shop", _("Language of the shop"), Type.CHOICE, "zh-hans",
        choices={"zh-hans": "简体中文", "en": "English"},
        help=_("For buyers who have chosen none, and for their e-mails."),
    ),
    Spec(
        "pay_minutes", "orders", _("Time to pay"), Type.NUMBER, 15, 3, 1440, unit=_("minutes"),
        help=_("After this time an unpaid order is cancelled and its cards are free again."),
    ),
    Spec(
        "transfer_minutes", "orders", _("Time to pay by bank transfer"),
        Type.NUMBER, 120, 3, 10_080, unit=_("minutes"),
        help=_("An order that waits for a transfer keeps its cards for so long."),
    ),
    Spec(
        "transfer_proof_hours", "orders",
        _("Time to confirm a transfer that the buyer has proved"),
        Type.NUMBER, 48, 1, 720, unit=_("hours"),
        help=_("From the moment when the buyer uploads a proof of payment."),
    ),
    Spec(
        "health_paid_percent", "orders", _("Leave a payment account out below"),
        Type.NUMBER, 5, 0, 50, unit="%",
        help=_("So few of its payments are made. 0: only when its company does not answer."),
    ),
    Spec(
        "health_minutes", "orders", _("Payments are looked at of the last"),
        Type.NUMBER, 30, 10, 240, unit=_("minutes"),
        help=_("For the share that is made of an account's payments."),
    ),
    Spec(
        "arrival_days", "orders", _("Parcels count as arrived after"),
        Type.NUMBER, 15, 0, 90, unit=_("days"),
        help=_("Unless somebody says so earlier. 0: never by itself."),
    ),
    Spec(
        "completion_days", "orders", _("Orders of goods are completed after"),
        Type.NUMBER, 7, 0, 90, unit=_("days"),
        help=_("From when the goods were there, unless the buyer says so earlier. 0: never."),
    ),
    Spec(
        "contact_required", "orders", _("Contact that buyers must give"), Type.CHOICE, "either",
        choices={
            "either": _("E-mail or phone"),
            "email": _("E-mail"),
            "phone": _("Phone"),
            "none": _("None: a password guards the order"),
        },
    ),
    Spec(
        "remember_buyers", "orders", _("Ask buyers whether to remember them"), Type.SWITCH, True,  # noqa: FBT003 - the default value
        help=_("A box at the checkout, never ticked beforehand. Who agrees becomes a customer."),
    ),
    Spec(
        "price_cut_owner", "orders", _("The owner lowers prices of unpaid orders by at most"),
        Type.NUMBER, 100, 0, 100, unit="%",
        help=_("Of what the products cost. 100: down to the smallest amount."),
    ),
    Spec(
        "price_cut_order_operator", "orders", _("Order operators lower prices by at most"),
        Type.NUMBER, 30, 0, 100, unit="%",
    ),
    Spec(
        "price_cut_other", "orders", _("All others who may change prices lower them by at most"),
        Type.NUMBER, 10, 0, 100, unit="%",
    ),
    Spec(
        "refund_alone_owner", "refunds", _("The owner gives back alone up to"),
        Type.NUMBER, 1_000_000, 0, 1_000_000,
        help=_("Of one order, in whole units of its currency. What is more must be approved by"
               " somebody else than who asked for it. 0: everything."),
    ),
    Spec(
        "refund_alone_finance", "refunds", _("Finance gives back alone up to"),
        Type.NUMBER, 1000, 0, 1_000_000,
    ),
    Spec(
        "refund_alone_order_operator", "refunds", _("Order operators give back alone up to"),
        Type.NUMBER, 0, 0, 1_000_000,
    ),
    Spec(
        "refund_alone_customer_service", "refunds", _("Customer service gives back alone up to"),
        Type.NUMBER, 0, 0, 1_000_000,
    ),
    Spec(
        "refund_alone_api", "refunds", _("Other systems give back alone through the API up to"),
        Type.NUMBER, 0, 0, 1_000_000,
    ),
    Spec(
        "review_alone_order_operator", "refunds",
        _("Order operators approve held orders alone up to"),
        Type.NUMBER, 0, 0, 1_000_000,
        help=_("In whole units of the currency. Beyond, a second person has to approve. 0: no"
               " limit."),
    ),
    Spec(
        "review_alone_other", "refunds", _("Own roles approve held orders alone up to"),
        Type.NUMBER, 0, 0, 1_000_000,
    ),
    Spec(
        "refund_late", "refunds", _("Money that comes after the order was closed, without stock"),
        Type.CHOICE, "wait",
        choices={
            "wait": _("Wait for stock, or for a person"),
            "refund": _("Give it back at once"),
            "wallet": _("Put it into the buyer's wallet at once"),
        },
        help=_("With stock the order is delivered either way."),
    ),
    Spec(
        "case_observe_days", "aftersales", _("Cases can be opened within"),
        Type.NUMBER, 7, 0, 365, unit=_("days"),
        help=_("After an order is delivered; before that at any time. An ended case can be opened"
               " again for as long."),
    ),
    Spec(
        "case_answer_hours", "aftersales", _("First answer within"),
        Type.NUMBER, 12, 1, 720, unit=_("hours"),
    ),
    Spec(
        "case_decide_hours", "aftersales", _("Decision within"),
        Type.NUMBER, 12, 1, 720, unit=_("hours"),
        help=_("From the opening of the case; while the buyer's answer is waited for, this time"
               " stands still."),
    ),
    Spec(
        "case_working_hours", "aftersales", _("Count working hours alone for these deadlines"),
        Type.SWITCH, False,  # noqa: FBT003 - the default value
        help=_("Working hours and holidays are those of Deadlines."),
    ),
    Spec(
        "case_bot", "aftersales", _("Answer \"where is my order\" by itself, from its state"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
        help=_("Once, when a case asks just this and the order is on time: paid, waiting for stock,"
               " delivered, or where its parcel is. The buyer can ask for a person at any time."),
    ),
    Spec(
        "case_remind_hours", "aftersales", _("Remind the staff before a deadline"),
        Type.NUMBER, 2, 0, 240, unit=_("hours"),
        help=_("When the deadline has passed, the staff is told once more, as an escalation."),
    ),
    Spec(
        "case_silence_days", "aftersales", _("Close a case when the buyer says nothing for"),
        Type.NUMBER, 7, 1, 90, unit=_("days"),
        help=_("After a question to the buyer, or after the decision."),
    ),
    Spec(
        "case_file_days", "aftersales", _("Keep pictures and videos of cases for"),
        Type.NUMBER, 180, 30, 730, unit=_("days"),
    ),
    Spec(
        "case_repeats", "aftersales", _("Mark buyers who had refunds in 90 days"),
        Type.NUMBER, 3, 0, 100, unit=_("times"),
        help=_("Such a buyer's new cases carry a mark for the staff. 0: never."),
    ),
    Spec(
        "case_repeats_by_two", "aftersales",
        _("Refunds to such buyers always take a second person"),
        Type.SWITCH, False,  # noqa: FBT003 - the default value
        help=_("Whatever the role of whoever decides the case may give back alone."),
    ),
    Spec(
        "case_contact_max", "aftersales", _("Cases that one buyer opens in a day"),
        Type.NUMBER, 10, 1, 100, unit=_("times"),
        help=_("By the order's contact. From one network address thirty, for one order ten in"
               " all."),
    ),
    Spec(
        "reviews_on", "aftersales", _("Take reviews of products, and show those you publish"),
        Type.SWITCH, False,  # noqa: FBT003 - the default value
        help=_("Only buyers can write one, once for each line of an order. None is shown before"
               " somebody has published it."),
    ),
    Spec(
        "mail_case", "mail", _("E-mail the buyer what is said and decided about a case"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
    ),
    Spec(
        "refund_second", "refunds", _("Money for an order that was paid already"),
        Type.CHOICE, "refund",
        choices={
            "refund": _("Give it back to where it came from"),
            "wallet": _("Put it into the customer's wallet, if there is one"),
            "wait": _("Wait for a person"),
        },
        help=_("What the payment company gives back by no call waits for a person."),
    ),
    Spec(
        "unpaid_orders_max_shop", "risk", _("Unpaid orders per contact"), Type.NUMBER, 5, 1, 1000,
    ),
    Spec(
        "unpaid_orders_max_device", "risk", _("Unpaid orders per device"), Type.NUMBER, 5, 1, 1000,
    ),
    Spec(
        "unpaid_orders_max_address", "risk", _("Unpaid orders per network address"),
        Type.NUMBER, 20, 1, 10_000,
        help=_("Many phones share one address: keep this higher than the others."),
    ),
    Spec(
        "unpaid_orders_max_api", "risk", _("Unpaid orders per contact through the API"),
        Type.NUMBER, 200, 1, 1_000_000,
    ),
    Spec(
        "orders_per_minute_address", "risk", _("Orders a minute per network address"),
        Type.NUMBER, 30, 1, 10_000,
    ),
    Spec(
        "orders_per_minute_device", "risk", _("Orders a minute per device"),
        Type.NUMBER, 10, 1, 1000,
    ),
    Spec(
        "mail_order_delivered", "mail",
        _("E-mail the buyer when codes are delivered, or goods are paid for"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
    ),
    Spec(
        "mail_order_waiting", "mail", _("E-mail the buyer when a paid order has to wait"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
    ),
    Spec(
        "mail_order_shipped", "mail", _("E-mail the buyer when goods are sent"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
    ),
    Spec(
        "mail_order_unpaid", "mail", _("E-mail the buyer once when an order is still to be paid"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
        help=_("When a payment failed, or the reminder of the deadlines is due."),
    ),
    Spec(
        "mail_order_cancelled", "mail", _("E-mail the buyer when an order is cancelled"),
        Type.SWITCH, False,  # noqa: FBT003 - the default value
    ),
    Spec(
        "mail_order_refunded", "mail", _("E-mail the buyer when money is given back"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
    ),
    Spec(
        "mail_low_stock", "stock", _("Tell the staff when stock runs low"),
        Type.SWITCH, True,  # noqa: FBT003 - the default value
    ),
    Spec(
        "low_stock_at", "stock", _("Warn below"), Type.NUMBER, 0, 0, 1_000_000, unit=_("pieces"),
        help=_("For SKUs that have no warning level of their own. 0: never."),
    ),
    Spec(
        "stock_cover_days", "stock", _("Also warn when stock lasts fewer days than"),
        Type.NUMBER, 0, 0, 365, unit=_("days"),
        help=_("By the last 7 days' sales; for SKUs without days of their own. 0: never."),
    ),
    Spec(
        "stock_lead_days", "stock", _("New stock comes after"),
        Type.NUMBER, 3, 0, 365, unit=_("days"),
        help=_("From ordering to arrival, for the purchase list; SKUs may say otherwise."),
    ),
    Spec(
        "low_stock_mail", "stock", _("E-mails about low stock"), Type.CHOICE, "at_once",
        choices={"at_once": _("At once, for each SKU"), "daily": _("Once a day, in one mail")},
        help=_("The console shows each warning at once either way."),
    ),
    Spec(
        "low_stock_hour", "stock", _("Hour of the daily mail"), Type.NUMBER, 9, 0, 23,
        unit=_("o'clock"),
        help=_("In the shop's time zone. When nothing is low, no mail is sent."),
    ),
    Spec(
        "expiry_notice_days", "stock", _("Tell the staff of unsold cards that expire within"),
        Type.NUMBER, 7, 0, 365, unit=_("days"),
        help=_("Once per SKU in each such span of days. 0: never."),
    ),
    Spec(
        "buyer_expiry_days", "mail", _("Remind buyers of unused cards that expire within"),
        Type.NUMBER, 0, 0, 365, unit=_("days"),
        help=_("One e-mail an order, each card once; for cards with an end of validity. 0: never."),
    ),
    Spec(
        "mail_staff", "mail", _("E-mail address for notices to the staff"), Type.LINE, "", 0, 254,
        help=_("Empty: notices appear in the console only."),
    ),
    Spec(
        "sms_staff", "mail", _("Mobile number for text messages about low stock"),
        Type.LINE, "", 0, 20, needs="sms",
        help=_("With the country code, such as +8613800138000. Empty: no text messages."),
    ),
)  # fmt: skip

SPECS: dict[str, Spec] = {
    spec.name: spec for spec in (*_SPECS, *NOTICE_SPECS, *SAFETY_SPECS, *WALLET_SPECS)
}


def spec_of(name: str) -> Spec:
    """Return the description of one setting.

    Raises:
        UnknownSetting: There is none of this name.
    """
    try:
        return SPECS[name]
    except KeyError:
        raise UnknownSetting(name=name) from None
