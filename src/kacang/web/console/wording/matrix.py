"""Every event with every channel: on or off, whose words, or why not (N1)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kacang.messages.events import Event
from kacang.messages.senders.queries import Carrier, carrier
from kacang.messages.webhooks import queries as webhooks
from kacang.messages.webhooks.events import EVENTS as HOOKS
from kacang.messages.webhooks.events import OF_MESSAGE
from kacang.messages.wording import queries
from kacang.messages.wording.house import told_by
from kacang.messages.wording.queries import Cell
from kacang.messages.wording.variables import EMAIL, IN_APP, SMS, WEBHOOK, WECHAT
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.messages import CHANNELS, EVENTS
from kacang.web.requests import ConsoleRequest

ORDER = (EMAIL, IN_APP, SMS)
WORDS: dict[str, Promise] = {**CHANNELS, WEBHOOK: gettext_lazy("Webhook")}


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as it is shown. Without a pill: the event is not told that way."""

    channel: str
    label: str
    pill: tuple[str, str] | None = None
    note: str = ""
    url: str = ""
    link: str = ""
    # What the switch says, under which name; no event: there is none.
    event: str = ""
    is_on: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """An event with its cells."""

    word: str
    cells: list[Shown] = field(default_factory=list)


@needs("messages.view")
@require_safe
def matrix(request: ConsoleRequest) -> HttpResponse:
    """Show every event with its channels."""
    merchant_id = request.merchant
    cells = {(cell.event, cell.channel): cell for cell in queries.cells(merchant_id=merchant_id)}
    told = _hooks(merchant_id)
    problem = _texting(merchant_id)
    mini = _Mini(
        queries.is_told_by(merchant_id=merchant_id, channel=WECHAT),
        carrier(merchant_id=merchant_id, channel=WECHAT),
    )
    buyers: list[Row] = []
    staff: list[Row] = []
    for event in Event:
        row = Row(str(EVENTS.get(event, event)))
        for channel in ORDER:
            row.cells.append(_shown(channel, cells.get((event, channel)), problem))
        row.cells.append(_wechat(event, mini))
        row.cells.append(told(OF_MESSAGE.get(event, "")))
        (staff if event.startswith("staff.") else buyers).append(row)
    alone = set(HOOKS) - set(OF_MESSAGE.values())
    nowhere = [Shown(channel, str(WORDS[channel])) for channel in (*ORDER, WECHAT)]
    language = get_language() or "zh-hans"
    others = [
        Row(pick(words, language), [*nowhere, told(name)])
        for name, words in HOOKS.items()
        if name in alone
    ]
    context = {
        "groups": [
            (_("To buyers"), buyers),
            (_("To staff"), staff),
            (_("To other systems alone"), others),
        ],
        "channels": [WORDS[channel] for channel in (*ORDER, WECHAT, WEBHOOK)],
        "may_edit": "messages.edit" in request.membership.permissions,
    }
    return render(request, "console/wording/list.html", context)


def _shown(channel: str, cell: Cell | None, problem: Callable[[str], str]) -> Shown:
    label = str(WORDS[channel])
    if cell is None:
        return Shown(channel, label)
    if cell.is_fixed:
        pill = ("grey", _("Always"))
    elif not cell.is_on:
        pill = ("grey", _("Off"))
    else:
        pill = ("green", _("On"))
    note = problem(cell.event) if channel == SMS and cell.is_on else ""
    return Shown(
        channel,
        label,
        ("orange", _("On, but not sent")) if note else pill,
        note,
        reverse("console_wording_edit", args=[cell.event, channel]),
        _("Own words") if cell.own else _("Words"),
        "" if cell.is_fixed else cell.event,
        cell.is_on,
    )


@dataclass(frozen=True, slots=True)
class _Mini:
    """Which events the mini-program is to tell, and by which account."""

    on: frozenset[str]
    carrier: Carrier | None


def _wechat(event: Event, mini: _Mini) -> Shown:
    """Return how an event is told in the mini-program. Its words are the template's there."""
    label = str(WORDS[WECHAT])
    if WECHAT not in told_by(event):
        return Shown(WECHAT, label)
    is_on, note = event.value in mini.on, ""
    if is_on and mini.carrier is None:
        note = _("No account of a mini-program is on.")
    elif is_on and mini.carrier and not getattr(mini.carrier.sender, "knows", bool)(event.value):
        note = _("It has no template for it.")
    pill = ("green", _("On")) if is_on else ("grey", _("Off"))
    url = reverse("console_sender", args=["wechat_miniprogram"])
    shown = ("orange", _("On, but not sent")) if note else pill
    return Shown(WECHAT, label, shown, note, url, _("Template"), event.value, is_on)


def _texting(merchant_id: int) -> Callable[[str], str]:
    """Return what says why an event that is on is not texted all the same; "": it is."""
    found = carrier(merchant_id=merchant_id, channel=SMS)
    knows = getattr(found.sender, "knows", None) if found else None

    def problem(event: str) -> str:
        if found is None:
            return _("No company is set up.")
        if knows is not None and not knows(event):
            return _("The company has no template for it.")
        return ""

    return problem


def _hooks(merchant_id: int) -> Callable[[str], Shown]:
    """Return what shows of an event how other systems are told of it."""
    heard = webhooks.listeners(merchant_id=merchant_id)
    off = webhooks.switched_off(merchant_id=merchant_id)
    url, label = reverse("console_webhooks"), str(WORDS[WEBHOOK])

    def shown(name: str) -> Shown:
        if not name:
            return Shown(WEBHOOK, label)
        count = heard.get(name, 0)
        link = ngettext("%(n)s address", "%(n)s addresses", count) % {"n": count}
        if name in off:
            pill = ("grey", _("Off"))
        elif count:
            pill = ("green", _("On"))
        else:
            pill = ("grey", _("Nobody listens"))
        return Shown(WEBHOOK, label, pill, "", url, link, name, name not in off)

    return shown
