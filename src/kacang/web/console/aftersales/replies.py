"""The merchant's quick replies (X2)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.aftersales import operations, queries
from kacang.aftersales.replies import TITLE_MAX
from kacang.aftersales.rules import TEXT_MAX
from kacang.shared.errors import DomainError
from kacang.shared.texts import both
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


class ReplyForm(forms.Form):
    """A quick reply in both languages."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=TITLE_MAX)
    zh = forms.CharField(
        label=gettext_lazy("Text in Chinese"),
        max_length=TEXT_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    en = forms.CharField(
        label=gettext_lazy("Text in English"),
        max_length=TEXT_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@needs("cases.replies")
def reply_list(request: ConsoleRequest) -> HttpResponse:
    """Show the quick replies, and take a new one or a change of one."""
    desk = desk_of(request)
    found = queries.replies(merchant_id=desk.merchant_id)
    chosen = next((one for one in found if one.uid == request.GET.get("edit", "")), None)
    first = (
        {"title": chosen.title, "zh": chosen.body.get("zh-Hans"), "en": chosen.body.get("en")}
        if chosen
        else {}
    )
    form = ReplyForm(request.POST if request.method == "POST" else None, initial=first)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            try:
                operations.save_reply(
                    merchant_id=desk.merchant_id,
                    uid=chosen.uid if chosen else "",
                    title=said["title"],
                    body=both(said["zh"], said["en"]),
                    actor=desk.actor,
                )
            except DomainError as error:
                form.add_error(None, text_of(error))
            else:
                messages.success(request, _("The quick reply is saved."))
                return redirect("console_replies")
    context = {
        "rows": found,
        "form": form,
        "chosen": chosen,
        "names": [f"{{{name}}}" for name in queries.NAMES],
    }
    return render(request, "console/aftersales/replies.html", context, status=status)


@needs("cases.replies")
@require_POST
def reply_delete(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Remove a quick reply."""
    desk = desk_of(request)
    operations.delete_reply(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    messages.success(request, _("The quick reply is deleted."))
    return redirect("console_replies")
