"""What people read when something about customers is refused."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CUSTOMER_TEXTS: Mapping[str, Promise] = {
    "customers.bad_customer": _("A value is missing or not possible: {field}."),
    "customers.bad_export": _("There is no such kind of file."),
    "customers.bad_tag": _("A tag needs a name of at most 20 characters and one of the colours."),
    "customers.contact_taken": _("This address is another customer's: the two can be merged."),
    "customers.level_in_use": _("{count} customers have this level. Give them another one first."),
    "customers.nobody_fits": _("No customer is selected, or none fits any more."),
    "customers.not_your_note": _("Somebody else wrote this note: only they change it."),
    "customers.tag_taken": _("There is a tag of this name: the two can be merged."),
    "customers.too_late_to_undo": _("It cannot be taken back any more."),
    "customers.too_many": _("That is more than {most} customers at once: narrow the list."),
    "customers.too_many_tags": _("There are at most {most} tags."),
    "customers.unknown_customer": _("There is no such customer, or they are forgotten."),
    "customers.unknown_level": _("There is no such level."),
    "customers.unknown_note": _("There is no such note."),
    "customers.unknown_tag": _("There is no such tag."),
}
