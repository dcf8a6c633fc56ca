"""Notes about a customer at the desk: written, changed by who wrote them, deleted (H1)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.customers import operations
from kacang.customers.operations import NotYourNote
from kacang.web.console.access import needs
from kacang.web.console.customers.forms import NoteForm
from kacang.web.console.customers.pages import show
from kacang.web.console.desk import desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

ID_MAX = 2**63 - 1


@needs("customers.edit")
@require_POST
def add(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Write something about a customer."""
    desk = desk_of(request)
    form = NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return show(request, uid, status=422, note_form=form)
    operations.add_note(
        merchant_id=desk.merchant_id, uid=uid, text=form.cleaned_data["text"], actor=desk.actor
    )
    messages.success(request, _("The note is written."))
    return redirect("console_customer", uid)


@needs("customers.edit")
@require_POST
def change(request: ConsoleRequest, uid: str, note: int) -> HttpResponse:
    """Write something else in one's own note."""
    desk = desk_of(request)
    form = NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return show(request, uid, status=422, note_form=form)
    try:
        operations.change_note(
            merchant_id=desk.merchant_id, uid=uid, note=min(note, ID_MAX),
            text=form.cleaned_data["text"], actor=desk.actor,
        )  # fmt: skip
        messages.success(request, _("The note is changed."))
    except NotYourNote as error:
        messages.error(request, text_of(error))
    return redirect("console_customer", uid)


@needs("customers.edit")
@require_POST
def delete(request: ConsoleRequest, uid: str, note: int) -> HttpResponse:
    """Delete a note; the log says whose it was."""
    desk = desk_of(request)
    operations.delete_note(
        merchant_id=desk.merchant_id, uid=uid, note=min(note, ID_MAX), actor=desk.actor
    )
    messages.success(request, _("The note is deleted."))
    return redirect("console_customer", uid)
