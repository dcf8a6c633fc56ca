"""What people read in the audit log of customers."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CUSTOMER_ACTIONS: Mapping[str, Promise] = {
    "customers.show_contact": _("Looked at a customer's addresses"),
    "customers.change": _("Changed a customer's name or level"),
    "customers.note": _("Wrote a note about a customer"),
    "customers.change_note": _("Changed a note about a customer"),
    "customers.delete_note": _("Deleted a note about a customer"),
    "customers.add_contact": _("Added an address to a customer"),
    "customers.notices": _("Wrote down what a customer does not want to be told"),
    "customers.drop_openid": _("Took away as whom a customer reads in the mini-program"),
    "customers.merge": _("Merged two customers"),
    "customers.forget": _("Forgot a customer"),
    "customers.level": _("Saved a level of customers"),
    "customers.drop_level": _("Removed a level of customers"),
    "customers.tag": _("Put a tag on a customer"),
    "customers.untag": _("Took a tag off a customer"),
    "customers.tag_many": _("Began to change the tags of many customers"),
    "customers.make_tag": _("Added a tag of customers"),
    "customers.change_tag": _("Changed a tag of customers"),
    "customers.delete_tag": _("Deleted a tag of customers"),
    "customers.merge_tag": _("Merged two tags of customers"),
    "customers.export": _("Had customers exported"),
    "customers.export_fetched": _("Fetched an export of customers"),
}
