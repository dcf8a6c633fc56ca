"""How events are called for whoever is told of them (N1)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.messages.events import Event

WORDS: dict[Event, Promise] = {
    Event.ORDER_SHIPPED: _("Your goods were sent, and under which number"),
    Event.ORDER_CANCELLED: _("An order that was not paid is cancelled"),
    Event.ORDER_UNPAID: _("An order is still to be paid"),
    Event.ORDER_EXPIRING: _("Codes that you bought expire soon"),
    Event.CASE_ANSWERED: _("The shop has answered in a case"),
    Event.ORDER_DELIVERED: _("Your order is delivered"),
    Event.ORDER_READY: _("Your payment arrived, goods are prepared"),
    Event.ORDER_REPLACED: _("Codes of an order were replaced"),
    Event.ORDER_WAITING: _("A paid order has to wait"),
    Event.ORDER_REFUNDED: _("Money is given back"),
    Event.ORDER_PROOF_REJECTED: _("A proof of payment was not accepted"),
    Event.WITHDRAWAL: _("What becomes of a withdrawal"),
    Event.ORDER_CODE: _("A code to look at an order"),
    Event.WALLET_CODE: _("A code to your wallet"),
    Event.ORDER_CONTACT_CHANGED: _("The contact of an order was changed"),
    Event.ORDER_CHANGED: _("What was decided about a change"),
    Event.CASE_DECIDED: _("What was decided in a case"),
}
