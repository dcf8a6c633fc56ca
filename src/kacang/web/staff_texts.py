"""What people are told when the rooms refuse something about staff, roles and visits."""

from django.utils.translation import gettext_lazy as _

STAFF_TEXTS = {
    "audit.bad_export": _("Please choose csv or xlsx."),
    "visits.bad": _("Please say why. You cannot look as yourself."),
    "visits.read_only": _("You look as somebody else: nothing can be changed."),
    "visits.unknown": _("This visit is over."),
    "visits.must_ask": _("This shop wants to be asked first."),
    "visits.not_theirs": _("Only the shop's own people with this right decide about visits."),
    "visits.request_over": _("This request was answered or taken back, or its time is over."),
    "visits.unknown_request": _("There is no such request or visit."),
    "operator.too_many_codes": _("Too many codes were typed. Please wait three minutes."),
    "operator.unknown": _("This takes an operator of the installation with a second factor."),
    "roles.bad_draft": _("Please give a name, and choose channels if the role reaches to some."),
    "roles.bad_grant": _(
        "Please give a reason and a time within 90 days. A permission must fit their role's reach."
    ),
    "roles.in_use": _("Somebody has this role, now or for a while. Give them another one first."),
    "roles.name_taken": _("There is a role of this name."),
    "roles.too_many": _("There are 50 roles. Put away one that nobody needs."),
    "roles.unknown": _("There is no such role."),
    "roles.unknown_grant": _("It is over already."),
    "stores.bad": _("Please give a name and a code of small letters, digits and hyphens."),
    "stores.code_taken": _("Another store has this code. A closed one keeps its code."),
    "stores.too_many": _("There are 500 stores. Rename one that is closed."),
    "stores.unknown": _("There is no such store, or it is closed."),
    "staff.already": _("This person already works here."),
    "staff.beyond_own": _("You can give or take only what your own role may do, too."),
    "staff.bad_email": _("This is not an e-mail address."),
    "staff.bad_profile": _("Please give a name of at most 80 characters and a language."),
    "staff.bad_role": _("There is no such role."),
    "staff.last_owner": _("At least one active owner must remain."),
    "staff.unknown": _("There is no such member of staff."),
    "staff.works_elsewhere": _(
        "This account belongs to other shops too: its owner changes the password."
    ),
}
