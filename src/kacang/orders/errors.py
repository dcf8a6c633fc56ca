"""Why an order cannot be placed, paid, opened or changed."""

from kacang.shared.errors import Conflict, Invalid, NotFound, Refused, TooMany


class NoDeposits(Refused):
    """The shop takes no deposits into wallets."""

    code = "orders.no_deposits"


class BadDeposit(Invalid):
    """It is less or more than the shop takes into a wallet at once."""

    code = "orders.bad_deposit"


class UnknownOrder(NotFound):
    """There is no such order, or this caller may not see it."""

    code = "orders.unknown"


class UnknownSku(NotFound):
    """There is no such SKU on sale."""

    code = "orders.unknown_sku"


class SoldOut(Conflict):
    """Fewer cards are free than were asked for. Nothing was kept."""

    code = "vault.sold_out"


class BadQuantity(Invalid):
    """More or less than may be bought at once."""

    code = "orders.bad_quantity"


class BadChoice(Invalid):
    """The cards chosen do not go with the SKU or the quantity."""

    code = "orders.bad_choice"


class ContactNeeded(Invalid):
    """The shop wants to know how to reach the buyer, or the order needs a password."""

    code = "orders.contact_needed"


class TooManyUnpaid(TooMany):
    """The buyer holds as many unpaid orders as may be (L6)."""

    code = "orders.too_many_unpaid"


class BuyerLimit(Conflict):
    """The buyer has bought as many as one buyer may."""

    code = "orders.buyer_limit"


class Blocked(Refused):
    """The shop does not sell to this buyer."""

    code = "risk.blocked"


class TooFast(TooMany):
    """Too many orders from one place in a short time."""

    code = "risk.too_fast"


class ExternalNumberTaken(Conflict):
    """An order with this external number exists."""

    code = "orders.external_number_taken"


class NotPayable(Conflict):
    """The order is paid, cancelled, or its time has passed."""

    code = "orders.not_payable"


class AnotherOwner(Refused):
    """The order is not of the wallet's owner."""

    code = "wallets.another_owner"


class NoProvider(Invalid):
    """The shop offers no such way to pay."""

    code = "orders.no_provider"


class AlreadyShipped(Conflict):
    """All of the order's goods are on their way, or with the buyer."""

    code = "orders.already_shipped"


class StillShort(Conflict):
    """There is still no stock for all of the order."""

    code = "orders.still_short"


class NothingForBatch(Conflict):
    """It can be done with none of the chosen orders."""

    code = "orders.nothing_for_batch"


class TagAsBefore(Conflict):
    """The order had the tag already, or had none to take off."""

    code = "orders.tag_as_before"


class BatchTooLarge(Invalid):
    """More orders are chosen than one job takes on."""

    code = "orders.batch_too_large"


class BadColumns(Invalid):
    """No column is chosen, or one that there is not."""

    code = "orders.bad_columns"


class BadLine(Invalid):
    """A line of a list cannot be taken; `problem` says why."""

    code = "orders.bad_line"


class LinesRefused(Conflict):
    """All or nothing was asked for, and not every line is good."""

    code = "orders.lines_refused"


class TooLateToUndo(Conflict):
    """The parcels cannot be taken back any more."""

    code = "orders.too_late_to_undo"


class TextMissing(Invalid):
    """It takes a text."""

    code = "orders.text_missing"


class BadParcel(Invalid):
    """More of a line is named than is in the house, or nothing."""

    code = "orders.bad_parcel"


class NotNow(Conflict):
    """The order's state does not allow this."""

    code = "orders.wrong_state"


class NothingToReplace(Conflict):
    """The card is nobody's own: it was not delivered, was replaced already, or serves everybody."""

    code = "orders.nothing_to_replace"


class CardInUse(Conflict):
    """The buyer has activated or redeemed the card: it is no faulty one."""

    code = "orders.card_in_use"


class NoReplacement(Conflict):
    """No other card of this kind is free. The buyer keeps the card, nothing was changed."""

    code = "orders.no_replacement"


class BadRedeemCode(Invalid):
    """This is no code that can be redeemed here; it is never said why.

    `cause` and `card_uid` are for the shop's log: they are no part of what callers are told.
    """

    code = "orders.bad_redeem_code"

    def __init__(self, cause: str = "unknown", card_uid: str = "") -> None:
        super().__init__()
        self.cause = cause
        self.card_uid = card_uid


class RedeemSoldOut(Conflict):
    """What the code is good for is out of stock. The code stays as it is."""

    code = "orders.redeem_sold_out"


class NoGoodsLeft(Conflict):
    """There are not as many free pieces as are to be sent once more. Nothing was changed."""

    code = "orders.no_goods_left"


class AccessRefused(Refused):
    """The order's codes are not shown to this caller; it is never said why."""

    code = "orders.access_refused"


class BadPassword(Invalid):
    """An order's password has 6 to 64 characters."""

    code = "orders.bad_password"


class PriceLimit(Refused):
    """The price is lower than the person's role may set: `least` says what it may."""

    code = "orders.price_limit"


class BadPrice(Invalid):
    """A price lies between nothing and what the lines cost."""

    code = "orders.bad_price"


class UnderReview(Conflict):
    """The order is held until somebody has looked at it."""

    code = "orders.under_review"
