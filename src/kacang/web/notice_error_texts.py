"""What people read for the errors of messages and webhooks. `{name}` stands for a value of it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NOTICE_TEXTS: dict[str, str | Promise] = {
    "messages.always_sent": _("This message cannot be switched off: nothing works without it."),
    "messages.bad_braces": _("“{braces}” stands for nothing: write a name as {{{{ name }}}}."),
    "messages.bad_rule": _("A limit is a whole number from 0 to 1,000."),
    "messages.bad_wording": _(
        "A part is empty, longer than {limit} characters, or has characters that no message has."
    ),
    "messages.missing_variable": _("This message needs the name {name}."),
    "messages.no_such_channel": _("This is not told that way."),
    "messages.not_theirs": _("Your role is not told of this, or not that way."),
    "messages.too_many_examples": _("Too many test messages. Please wait an hour."),
    "messages.unknown": _("There is no such message."),
    "messages.unknown_reader": _("This link does not work: it was changed, or is of another shop."),
    "messages.unknown_variable": _("There is no name {name} here: choose from the list."),
    "senders.bad_account": _(
        "A field is empty, longer than {limit} characters, or has characters that it cannot have:"
        " {field}."
    ),
    "senders.bad_template": _("A template has a code or names that it cannot have: {event}."),
    "messages.must_be_told": _("Of this everybody is told: it cannot be refused."),
    "senders.bad_reader": _("This is no openid of a mini-program."),
    "senders.incomplete": _("Key, secret, signature and at least one template are needed first."),
    "senders.unknown_account": _("There is no such account."),
    "senders.unknown_address": _("There is no such address."),
    "senders.unknown_company": _("There is no such company."),
    "webhooks.bad_url": _("This is no address of a webhook: it begins with https:// and a host."),
    "webhooks.off": _("This webhook is switched off. Switch it on first."),
    "webhooks.too_many": _("At most {limit} webhooks."),
    "webhooks.too_many_tests": _("Too many tests. Please wait a minute."),
    "webhooks.unknown_endpoint": _("There is no such webhook."),
    "webhooks.unknown_event": _("There is no event {event}."),
    "webhooks.unknown_message": _("There is no such message of a webhook."),
}
