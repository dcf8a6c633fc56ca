"""What is told by which channel, and in which words (N1)."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kacang.merchants.queries import merchant, setting
from kacang.messages import operations as messages
from kacang.messages import rendering
from kacang.messages.events import Event
from kacang.messages.rendering import Mail, Notice
from kacang.messages.senders.queries import can_text
from kacang.messages.webhooks.events import UnknownEvent
from kacang.messages.wording import operations, queries, texts
from kacang.messages.wording.operations import Place
from kacang.messages.wording.texts import BODY_MAX, SUBJECT_MAX, Wording
from kacang.messages.wording.variables import EMAIL, IN_APP, SMS, examples, needed, variables
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.shared.texts import pick
from kacang.web.console.access import Denied, needs
from kacang.web.console.messages import CHANNELS, EVENTS
from kacang.web.design.parts import Tab
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

LANGUAGES = {"zh-Hans": "简体中文", "en": "English"}


class WordsForm(forms.Form):
    """What a message says."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=SUBJECT_MAX, strip=True)
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=max(BODY_MAX.values()),
        widget=forms.Textarea(attrs={"rows": 14}),
    )

    def __init__(self, channel: str, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]  # as Django takes them
        if channel == SMS:
            del self.fields["subject"]
        elif channel == IN_APP:
            self.fields["subject"].label = _("Title")
        if channel != EMAIL:
            self.fields["body"].widget.attrs["rows"] = 4

    @property
    def wording(self) -> Wording:
        """What was typed."""
        return Wording(self.cleaned_data.get("subject", ""), self.cleaned_data["body"])


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would read, with examples in it."""

    mail: Mail | None = None
    notice: Notice | None = None
    short: str = ""
    paragraphs: tuple[str, ...] = ()
    length: int = 0
    parts: int = 0


@needs("messages.edit")
@require_POST
def switch(request: ConsoleRequest) -> HttpResponse:
    """Say whether an event is told by a channel."""
    on = request.POST.get("on") == "1"
    try:
        operations.switch(
            merchant_id=request.merchant,
            event=request.POST.get("event", "")[:40],
            channel=request.POST.get("channel", "")[:10],
            on=on,
            actor=request.actor,
        )
    except (operations.AlwaysSent, UnknownEvent) as error:
        flash.error(request, text_of(error))
    else:
        flash.success(request, _("It is told again.") if on else _("It is not told any more."))
    return redirect("console_wording")


@needs("messages.view")
@require_http_methods(["GET", "POST"])
def edit(request: ConsoleRequest, event: str, channel: str) -> HttpResponse:
    """Show what a message says, with examples in it; change, try and put it back."""
    place = _place(request, event, channel)
    about = operations.event_of(event, channel)
    present, is_own = queries.present_words(
        merchant_id=request.merchant, event=about, channel=channel, language=place.language
    )
    if request.method != "POST":
        form = WordsForm(channel, initial={"subject": present.subject, "body": present.body})
        return _page(request, place, form, present, is_own=is_own)
    if not _may(request)["may_edit"]:
        raise Denied(permission="messages.edit")
    form = WordsForm(channel, request.POST)
    step = request.POST.get("step", "")
    if not (step == "reset" or form.is_valid()):
        return _page(request, place, form, present, is_own=is_own, status=422)
    try:
        if step == "preview":
            typed = texts.checked(about, channel, form.wording)
            return _page(request, place, form, typed, is_own=is_own)
        done = _do(request, place, step, form)
    except DomainError as error:
        form.add_error(None, text_of(error))
        return _page(request, place, form, present, is_own=is_own, status=422)
    flash.success(request, done)
    return redirect(_address(place))


def _do(request: ConsoleRequest, place: Place, step: str, form: WordsForm) -> str:
    merchant_id, actor = request.merchant, request.actor
    if step == "reset":
        operations.reset_words(merchant_id=merchant_id, place=place, actor=actor)
        return _("The house's words are back.")
    operations.save_words(merchant_id=merchant_id, place=place, wording=form.wording, actor=actor)
    if step != "try":
        return _("The words are saved.")
    to = _own_address(request, place.channel)
    messages.tell_example(merchant_id=merchant_id, place=place, recipient=to, now=utc_now())
    return _("Saved, and a test is on its way to %(to)s.") % {"to": to}


def _page(
    request: ConsoleRequest,
    place: Place,
    form: WordsForm,
    shown: Wording,
    *,
    is_own: bool,
    status: int = 200,
) -> HttpResponse:
    event, channel = Event(place.event), place.channel
    reader = get_language() or "zh-hans"
    must = needed(event, channel)
    context = {
        "form": form,
        "word": EVENTS.get(event, event),
        "channel": CHANNELS[channel],
        "tabs": [
            Tab(word, f"?language={language}", on=language == place.language)
            for language, word in LANGUAGES.items()
        ],
        "names": [
            (one.name, pick(one.words, reader), pick(one.example, place.language), one.name in must)
            for one in variables(event, channel)
        ],
        "preview": _preview(request, place, shown),
        "is_own": is_own,
        "history": queries.history(
            merchant_id=request.merchant, event=event, channel=channel, language=place.language
        ),
        "own_address": _own_address(request, channel),
        **_may(request),
    }
    return render(request, "console/wording/edit.html", context, status=status)


def _preview(request: ConsoleRequest, place: Place, shown: Wording) -> Preview:
    values = examples(Event(place.event), place.channel, place.language)
    values["shop"] = _shop(request)
    if place.channel == EMAIL:
        mail = rendering.mail(place.event, place.language, values, shown)
        return Preview(mail=mail, paragraphs=tuple(mail.text.strip().split("\n\n")))
    if place.channel == IN_APP:
        return Preview(notice=rendering.notice(place.event, place.language, values, shown))
    text = rendering.short(place.event, place.language, values, shown)
    return Preview(short=text, length=len(text), parts=texts.parts_of(text, values["shop"]))


def _shop(request: ConsoleRequest) -> str:
    own = str(setting(merchant_id=request.merchant, name="shop_name"))
    return own or merchant(merchant_id=request.merchant).name


def _own_address(request: ConsoleRequest, channel: str) -> str:
    """Return where a test goes: to whoever asks for it, or to the shop's own telephone."""
    if channel == EMAIL:
        return request.actor.label
    if channel == SMS and can_text(request.merchant):
        return str(setting(merchant_id=request.merchant, name="sms_staff"))
    return ""


def _place(request: ConsoleRequest, event: str, channel: str) -> Place:
    asked = request.GET.get("language", "")
    return Place(event, channel, asked if asked in LANGUAGES else "zh-Hans")


def _address(place: Place) -> str:
    page = reverse("console_wording_edit", args=[place.event, place.channel])
    return f"{page}?language={place.language}"


def _may(request: ConsoleRequest) -> dict[str, bool]:
    return {"may_edit": "messages.edit" in request.membership.permissions}
