"""What people read for each status of an error that has no text of its own."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: dict[int, str | Promise] = {
    400: _("The request cannot be understood"),
    401: _("Not signed in"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("This method is not used here"),
    409: _("Not possible now"),
    413: _("Too much was sent"),
    415: _("This kind of content is not read here"),
    422: _("Something is not right"),
    429: _("Too many attempts"),
    500: _("Our mistake"),
    503: _("Not available at the moment"),
}
