"""A merchant's own accounts for text messages: filled in, tried out, switched, forgotten (N1)."""

import re
from typing import Any

from django import forms
from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.merchants.queries import setting
from kacang.messages import operations as messages
from kacang.messages import registry
from kacang.messages.events import Event
from kacang.messages.ports import Template
from kacang.messages.queries import problem_words
from kacang.messages.senders import operations, queries, reports
from kacang.messages.senders.operations import (
    APP_MAX,
    CODE_MAX,
    KEY_MAX,
    SECRET_MAX,
    SIGN_MAX,
    AccountDraft,
)
from kacang.messages.senders.queries import Account
from kacang.messages.wording.house import told_by
from kacang.messages.wording.operations import Place
from kacang.messages.wording.variables import SMS, WECHAT, variables
from kacang.shared.clock import utc_now
from kacang.shared.contacts import BadPhone, read_contact
from kacang.shared.errors import DomainError, Invalid
from kacang.web.console.access import Denied, needs
from kacang.web.console.messages import EVENTS
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

NAMES: dict[str, Promise] = {
    "aliyun": gettext_lazy("Aliyun SMS"),
    "tencent": gettext_lazy("Tencent Cloud SMS"),
    "wechat_miniprogram": gettext_lazy("WeChat mini-program"),
}
KEY_LABELS: dict[str, tuple[Promise, Promise]] = {
    "aliyun": (gettext_lazy("AccessKey ID"), gettext_lazy("AccessKey secret")),
    "tencent": (gettext_lazy("SecretId"), gettext_lazy("SecretKey")),
    "wechat_miniprogram": (gettext_lazy("AppID"), gettext_lazy("AppSecret")),
}
PLAIN_LABELS = (gettext_lazy("Key ID"), gettext_lazy("Secret of the key"))
_OPENID = re.compile(r"[A-Za-z0-9_-]{10,64}")


class AccountForm(forms.Form):
    """Key, signature, and a template per event that the company's channel can tell."""

    key_id = forms.CharField(label=PLAIN_LABELS[0], max_length=KEY_MAX)
    secret = forms.CharField(
        label=PLAIN_LABELS[1],
        max_length=SECRET_MAX,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    app = forms.CharField(label=gettext_lazy("SdkAppId"), max_length=APP_MAX)
    sign_name = forms.CharField(
        label=gettext_lazy("Signature"),
        max_length=SIGN_MAX,
        help_text=gettext_lazy("As the company has approved it, without brackets."),
    )

    def __init__(self, company: str, *arguments: Any, has_secret: bool, **named: Any) -> None:
        super().__init__(*arguments, **named)
        labels = KEY_LABELS.get(company, PLAIN_LABELS)
        for name, label in zip(("key_id", "secret"), labels, strict=True):
            self.fields[name].label = str(label)
        if has_secret:
            self.fields["secret"].help_text = _("Kept encrypted. Left empty, it stays as it is.")
        kind = registry.company(company)
        channel = registry.channel_of(kind)
        if not kind.needs_app:
            del self.fields["app"]
        if channel == WECHAT:
            del self.fields["sign_name"]
            self.fields["app"].label = _("Page that a message opens")
            self.fields["app"].help_text = _("Such as pages/order/index?number={order}.")
        self.channel, self.told = channel, told_in(channel)
        for event in self.told:
            for name in ("code", "en", "names"):
                self.fields[f"{name}:{event}"] = forms.CharField(
                    max_length=CODE_MAX if name != "names" else 300, required=False
                )

    @property
    def draft(self) -> AccountDraft:
        """What was filled in. Only of a valid form."""
        given = self.cleaned_data
        templates: dict[str, Template] = {}
        for event in self.told:
            names = tuple(given[f"names:{event}"].replace("，", ",").replace(",", " ").split())
            for key, name in ((str(event), "code"), (f"{event}/en", "en")):
                if code := given[f"{name}:{event}"].strip():
                    templates[key] = Template(code, names)
        return AccountDraft(
            given["key_id"],
            given["secret"],
            given.get("app", ""),
            given.get("sign_name", ""),
            templates,
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return the events with their fields, for the template."""
        return [
            {
                "word": EVENTS[event],
                "code": self[f"code:{event}"],
                "en": self[f"en:{event}"],
                "names": self[f"names:{event}"],
                "known": _known(event, self.channel),
            }
            for event in self.told
        ]


@needs("messages.view")
@require_safe
def sender_list(request: ConsoleRequest) -> HttpResponse:
    """Show the companies, and which of them carries the merchant's text messages."""
    have = {one.company: one for one in queries.accounts(merchant_id=request.merchant)}
    operators = registry.sms_sender()
    context = {
        "rows": [
            {"name": name_of(name), "company": name, "account": have.get(name)}
            for name in registry.companies()
        ],
        "operators": name_of(operators.name) if operators else "",
        "own_is_on": any(one.is_on and one.channel == SMS for one in have.values()),
        **_may(request),
    }
    return render(request, "console/senders/list.html", context)


@needs("messages.view")
@require_http_methods(["GET", "HEAD", "POST"])
def sender(request: ConsoleRequest, company: str) -> HttpResponse:
    """Show an account at a company, and change it. Its secret is never shown again."""
    registry.company(company)
    found = queries.account(merchant_id=request.merchant, company=company)
    has_secret = bool(found and found.has_secret)
    form = AccountForm(company, initial=_initial(found), has_secret=has_secret)
    if request.method == "POST":
        if not _may(request)["may_edit"]:
            raise Denied(permission="messages.edit")
        form = AccountForm(company, request.POST, has_secret=has_secret)
        if form.is_valid() and _saved(request, company, form):
            flash.success(request, _("The account is saved."))
            return redirect("console_sender", company)
    status = 422 if form.errors else 200
    return render(request, "console/senders/edit.html", _context(request, company, form, found),
                  status=status)  # fmt: skip


@needs("messages.edit")
@require_POST
def switch(request: ConsoleRequest, company: str) -> HttpResponse:
    """Switch an account on, in place of another, or off."""
    on = request.POST.get("on") == "1"
    try:
        operations.switch_account(
            merchant_id=request.merchant, company=company, on=on, actor=request.actor
        )
    except operations.Incomplete as error:
        flash.error(request, text_of(error))
    else:
        said = _("Text messages go by this account now.") if on else _("The account is off.")
        flash.success(request, said)
    return redirect("console_sender", company)


@needs("messages.edit")
@require_POST
def remove(request: ConsoleRequest, company: str) -> HttpResponse:
    """Forget an account and its secret."""
    operations.remove_account(merchant_id=request.merchant, company=company, actor=request.actor)
    flash.success(request, _("The account and its secret are forgotten."))
    return redirect("console_senders")


@needs("messages.edit")
@require_POST
def try_out(request: ConsoleRequest, company: str) -> HttpResponse:
    """Send a real message by the account, on or off, and say what the company answered."""
    try:
        channel = registry.channel_of(registry.company(company))
        taken, error = messages.try_text(
            merchant_id=request.merchant,
            place=Place(request.POST.get("event", "")[:40], channel, "zh-Hans"),
            phone=_reader(request, channel),
            account=_present(request, company).uid,
            now=utc_now(),
        )
    except DomainError as problem:
        flash.error(request, text_of(problem))
        return redirect("console_sender", company)
    if taken:
        flash.success(request, _("The company has taken it. The log says whether it arrives."))
    else:
        why = problem_words(error, get_language() or "zh-hans")
        flash.error(request, _("It was not taken: %(why)s") % {"why": why})
    return redirect("console_sender", company)


def told_in(channel: str) -> list[Event]:
    """Return the events that are told in a channel, in whoever's words."""
    return [event for event in Event if channel in told_by(event)]


def name_of(company: str) -> str:
    """Return how a company is called."""
    return str(NAMES.get(company, company))


def _saved(request: ConsoleRequest, company: str, form: AccountForm) -> bool:
    try:
        operations.save_account(
            merchant_id=request.merchant,
            company=company,
            draft=form.draft,
            actor=request.actor,
            now=utc_now(),
        )
    except DomainError as error:
        form.add_error(None, text_of(error))
        return False
    return True


def _known(event: Event, channel: str) -> str:
    names = [one.name for one in variables(event, SMS)]
    if channel == WECHAT:
        names = [f"thing{place}:{name}" for place, name in enumerate(names, start=1)]
    return ", ".join(names)


def _reader(request: ConsoleRequest, channel: str) -> str:
    """Return to whom a test goes: a number, or the reader of a mini-program.

    Raises:
        BadPhone, BadReader: It is none.
    """
    given = request.POST.get("phone", "")[:64].strip()
    if channel == WECHAT:
        if not _OPENID.fullmatch(given):
            raise BadReader
        return given
    phone = read_contact(email="", phone=given[:40]).phone
    if not phone:
        raise BadPhone
    return phone


class BadReader(Invalid):
    """This is no openid."""

    code = "senders.bad_reader"


def _present(request: ConsoleRequest, company: str) -> Account:
    found = queries.account(merchant_id=request.merchant, company=company)
    if found is None:
        raise queries.UnknownAccount
    return found


def _context(
    request: ConsoleRequest, company: str, form: AccountForm, found: Account | None
) -> dict[str, Any]:
    have = {key.partition("/")[0] for key in found.templates} if found else set()
    return {
        "form": form,
        "name": name_of(company),
        "company": company,
        "account": found,
        "reports_to": reports.address_of(company, found.uid)
        if found and form.channel == SMS
        else "",
        "tried": [(event, EVENTS[event]) for event in form.told if event in have],
        "is_text": form.channel == SMS,
        "phone": str(setting(merchant_id=request.merchant, name="sms_staff"))
        if form.channel == SMS
        else "",
        **_may(request),
    }


def _initial(found: Account | None) -> dict[str, str]:
    if found is None:
        return {}
    given = {"key_id": found.key_id, "app": found.app, "sign_name": found.sign_name}
    for key, one in found.templates.items():
        event, _slash, language = key.partition("/")
        given[f"{'en' if language else 'code'}:{event}"] = one.code
        given[f"names:{event}"] = ", ".join(one.names)
    return given


def _may(request: ConsoleRequest) -> dict[str, bool]:
    return {"may_edit": "messages.edit" in request.membership.permissions}
