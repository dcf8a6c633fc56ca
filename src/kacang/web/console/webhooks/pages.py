"""Webhooks at the desk: addresses, what they were told, sending it again (J2)."""

import json

from django import forms
from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.messages.webhooks import operations, queries
from kacang.messages.webhooks.events import EVENTS, TEST
from kacang.messages.webhooks.operations import NOTE_MAX, URL_MAX, EndpointDraft, MadeEndpoint
from kacang.messages.webhooks.queries import Endpoint, EndpointState, Hook, HookState
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError, NotFound
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.desk import back, pages_of
from kacang.web.design.parts import Tab
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
STATES: dict[EndpointState, tuple[str, Promise]] = {
    EndpointState.ON: ("green", gettext_lazy("On")),
    EndpointState.OFF: ("grey", gettext_lazy("Off")),
    EndpointState.BROKEN: ("red", gettext_lazy("Switched off: it did not answer")),
}
FAILING = ("orange", gettext_lazy("On, but failing"))
HOOK_STATES: dict[HookState, tuple[str, Promise]] = {
    HookState.WAITING: ("blue", gettext_lazy("Queued")),
    HookState.SENT: ("green", gettext_lazy("Arrived there")),
    HookState.FAILED: ("red", gettext_lazy("Failed")),
}
PROBLEMS: dict[str, Promise] = {
    "timeout": gettext_lazy("It did not answer within 15 seconds."),
    "not_reached": gettext_lazy("It could not be reached."),
    "address_refused": gettext_lazy("Its name leads to a private network: that is not called."),
    "answer_too_large": gettext_lazy("Its answer was too long."),
    "gone": gettext_lazy("It says that it is gone for good."),
    "endpoint_off": gettext_lazy("The webhook was switched off."),
    "refused": gettext_lazy("It answered, but not with a status from 200 to 299."),
}


class EndpointForm(forms.Form):
    """An address and what it is told of."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=URL_MAX,
        widget=forms.URLInput,
        help_text=gettext_lazy("Of your own system, such as https://erp.example.com/kacang."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=NOTE_MAX,
        required=False,
        help_text=gettext_lazy("What is behind it, such as “ERP”."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("It is told of"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: everything, also what is added later."),
    )

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]  # as Django takes them
        field = self.fields["events"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, _word(name)) for name in EVENTS]

    @property
    def draft(self) -> EndpointDraft:
        """What was filled in."""
        given = self.cleaned_data
        return EndpointDraft(given["url"], tuple(given["events"]), given["note"])


@needs("webhooks.view")
@require_safe
def webhook_list(request: ConsoleRequest) -> HttpResponse:
    """Show the addresses and how they are."""
    rows = [
        {"endpoint": one, "look": _look(one), "events": [_word(name) for name in one.events]}
        for one in queries.endpoints(merchant_id=request.merchant)
    ]
    return render(request, "console/webhooks/list.html", {"rows": rows, **_may(request)})


@needs("webhooks.edit")
@require_http_methods(["GET", "POST"])
def webhook_new(request: ConsoleRequest) -> HttpResponse:
    """Add an address. Its secret is on the answer and never again."""
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.add_endpoint(
                merchant_id=request.merchant, draft=form.draft, actor=request.actor
            )
        except DomainError as error:
            form.add_error("url", text_of(error))
        else:
            return _shown_once(request, made)
    status = 422 if form.errors else 200
    values = {"form": form, "back_url": "/console/webhooks/"}
    return render(request, "console/webhooks/form.html", values, status=status)


@needs("webhooks.edit")
@require_http_methods(["GET", "POST"])
def webhook_edit(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Change an address, its note, what it is told of."""
    found = queries.endpoint(merchant_id=request.merchant, uid=uid)
    present = {"url": found.url, "note": found.note, "events": list(found.events)}
    form = EndpointForm(request.POST or None, initial=present)
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_endpoint(
                merchant_id=request.merchant, uid=uid, draft=form.draft, actor=request.actor
            )
        except DomainError as error:
            form.add_error("url", text_of(error))
        else:
            flash.success(request, _("The webhook is changed."))
            return redirect("console_webhook", uid)
    status = 422 if form.errors else 200
    values = {"form": form, "endpoint": found, "back_url": f"/console/webhooks/{uid}/"}
    return render(request, "console/webhooks/form.html", values, status=status)


@needs("webhooks.view")
@require_safe
def webhook_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show an address and what it was told, the newest first; one message with all its tries."""
    endpoint = queries.endpoint(merchant_id=request.merchant, uid=uid)
    names = {state.name.lower(): state for state in HOOK_STATES}
    chosen = names.get(request.GET.get("state", ""))
    page = queries.hooks(
        merchant_id=request.merchant,
        endpoint_uid=uid,
        state=chosen,
        cursor=request.GET.get("cursor", "")[:40],
        limit=PAGE,
    )
    tabs = [Tab(_("All"), "?", on=chosen is None)]
    tabs += [
        Tab(HOOK_STATES[state][1], f"?state={name}", on=state is chosen)
        for name, state in names.items()
    ]
    values = {
        "endpoint": endpoint,
        "look": _look(endpoint),
        "events": [_word(name) for name in endpoint.events],
        "is_on": endpoint.state is EndpointState.ON,
        "is_changing_over": endpoint.old_until is not None and endpoint.old_until > utc_now(),
        "rows": [_row(request, hook) for hook in page.rows],
        "tabs": tabs,
        "is_narrowed": chosen is not None,
        "pages": pages_of(request, page.next_cursor),
        **_may(request),
    }
    return render(request, "console/webhooks/page.html", values)


@needs("webhooks.edit")
@require_POST
def webhook_switch(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Switch an address on or off."""
    on = request.POST.get("on") == "1"
    operations.switch_endpoint(merchant_id=request.merchant, uid=uid, on=on, actor=request.actor)
    flash.success(request, _("The webhook is on.") if on else _("The webhook is off."))
    return redirect("console_webhook", uid)


@needs("webhooks.edit")
@require_POST
def webhook_secret(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give an address another secret: on the answer and never again."""
    made = operations.new_endpoint_secret(
        merchant_id=request.merchant, uid=uid, actor=request.actor, now=utc_now()
    )
    return _shown_once(request, made)


@needs("webhooks.edit")
@require_POST
def webhook_remove(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Forget an address."""
    operations.remove_endpoint(
        merchant_id=request.merchant, uid=uid, actor=request.actor, now=utc_now()
    )
    flash.success(request, _("The webhook is removed."))
    return redirect("console_webhooks")


@needs("webhooks.edit")
@require_POST
def webhook_test(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send an address a message that means nothing."""
    try:
        operations.send_test(merchant_id=request.merchant, uid=uid, now=utc_now())
    except NotFound:
        raise
    except DomainError as error:
        flash.error(request, text_of(error))
    else:
        flash.success(request, _("A test message is on its way. Reload to see what came of it."))
    return redirect("console_webhook", uid)


@needs("webhooks.edit")
@require_POST
def webhook_replay(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send one message again, or all that failed."""
    one = request.POST.get("message", "").replace("\0", "")[:40]
    try:
        if one:
            operations.replay(merchant_id=request.merchant, uid=one, actor=request.actor)
            count = 1
        else:
            count = operations.replay_failed(
                merchant_id=request.merchant, uid=uid, actor=request.actor
            )
    except NotFound:
        raise
    except DomainError as error:
        flash.error(request, text_of(error))
    else:
        said = ngettext("%(n)s message is sent again.", "%(n)s messages are sent again.", count)
        flash.success(request, said % {"n": count})
    return back(request, "console_webhook", uid)


def _shown_once(request: ConsoleRequest, made: MadeEndpoint) -> HttpResponse:
    found = queries.endpoint(merchant_id=request.merchant, uid=made.uid)
    return render(request, "console/webhooks/made.html", {"made": made, "endpoint": found})


def _row(request: ConsoleRequest, hook: Hook) -> dict[str, object]:
    is_open = request.GET.get("message") == hook.uid
    tries = queries.tries_of(merchant_id=request.merchant, uid=hook.uid) if is_open else []
    query = request.GET.copy()
    query["message"] = "" if is_open else hook.uid
    return {
        "hook": hook,
        "event": _word(hook.event),
        "look": HOOK_STATES[hook.state],
        "problem": PROBLEMS.get(hook.error, hook.error),
        "is_open": is_open,
        "url": f"?{query.urlencode()}#{hook.uid}",
        "tries": [(one, PROBLEMS.get(one.error, one.error)) for one in tries],
        "data": json.dumps(hook.data, ensure_ascii=False, indent=2) if is_open else "",
        "can_replay": hook.state is not HookState.WAITING,
    }


def _look(endpoint: Endpoint) -> tuple[str, Promise]:
    if endpoint.state is EndpointState.ON and endpoint.failures:
        return FAILING
    return STATES[endpoint.state]


def _word(event: str) -> str:
    if event == TEST:
        return _("Test message")
    return pick(EVENTS.get(event), get_language() or "zh-hans") or event


def _may(request: ConsoleRequest) -> dict[str, bool]:
    return {"may_edit": "webhooks.edit" in request.membership.permissions}
