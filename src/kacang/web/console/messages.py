"""What was told to whom, and the notices behind the bell (N1)."""

from datetime import datetime

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.messages import costs, operations, queries
from kacang.messages.bell import reading
from kacang.messages.bell.readers import Reader
from kacang.messages.bell.reading import NoticeRow
from kacang.messages.queries import MessageFilter, MessageState
from kacang.messages.restraint import members
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, back, desk_of, pages_of
from kacang.web.design.parts import Tab
from kacang.web.design.states import STATES
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
LOOKS = STATES["message"]
EVENTS: dict[str, Promise] = {
    "order.delivered": gettext_lazy("Codes to the buyer"),
    "order.ready": gettext_lazy("Paid; goods are to be handed over"),
    "order.replaced": gettext_lazy("A faulty card was replaced"),
    "order.waiting": gettext_lazy("The order has to wait"),
    "order.unpaid": gettext_lazy("To the buyer: still to be paid"),
    "order.changed": gettext_lazy("To the buyer: what was decided about a change"),
    "order.contact_changed": gettext_lazy("To the address before: the contact has changed"),
    "order.cancelled": gettext_lazy("The order is cancelled"),
    "order.code": gettext_lazy("One-time code for an order"),
    "order.expiring": gettext_lazy("To the buyer: cards expire soon"),
    "order.proof_rejected": gettext_lazy("To the buyer: the proof was not accepted"),
    "order.shipped": gettext_lazy("To the buyer: goods were sent"),
    "order.refunded": gettext_lazy("To the buyer: money went back"),
    "case.answered": gettext_lazy("To the buyer: an answer about a case"),
    "case.decided": gettext_lazy("To the buyer: a case is decided"),
    "wallet.code": gettext_lazy("One-time code for a wallet"),
    "wallet.withdrawal": gettext_lazy("To the customer: a withdrawal"),
    "sign_in.new": gettext_lazy("To staff: signed in from a new place"),
    "restocked": gettext_lazy("To the buyer: it is back"),
    "staff.order_waiting": gettext_lazy("To staff: a paid order waits"),
    "staff.suspense": gettext_lazy("To staff: money fits no order"),
    "staff.transfer": gettext_lazy("To staff: a bank transfer to confirm"),
    "staff.account_paused": gettext_lazy("To staff: a payment account is left out"),
    "staff.account_well": gettext_lazy("To staff: a payment account is back"),
    "staff.refund_asked": gettext_lazy("To staff: a refund waits for approval"),
    "staff.refund_failed": gettext_lazy("To staff: a refund failed"),
    "staff.refund_outside": gettext_lazy("To staff: refunded at the company's website"),
    "staff.webhook_off": gettext_lazy("To staff: a webhook was switched off"),
    "staff.escalated": gettext_lazy("To staff: an exception is late"),
    "staff.deadlines": gettext_lazy("To staff: deadlines are near or missed"),
    "staff.case": gettext_lazy("To staff: a case needs an answer"),
    "staff.case_due": gettext_lazy("To staff: a case is due soon"),
    "staff.case_late": gettext_lazy("To staff: a case is late"),
    "staff.withdrawal": gettext_lazy("To staff: a withdrawal waits for approval"),
    "staff.visit": gettext_lazy("To owners: the operator looks into the shop"),
    "staff.visit_asked": gettext_lazy("To owners: the operator asks to look into the shop"),
    "staff.expiring": gettext_lazy("To staff: stock expires soon"),
    "staff.low_stock": gettext_lazy("To staff: stock runs low"),
    "staff.low_digest": gettext_lazy("To staff: all low stock, daily"),
}
CHANNELS: dict[str, Promise] = {
    "email": gettext_lazy("E-mail"),
    "in_app": gettext_lazy("Console"),
    "sms": gettext_lazy("Text message"),
    "wechat": gettext_lazy("Mini-program"),
}


@needs("messages.view")
def message_list(request: ConsoleRequest) -> HttpResponse:
    """Show messages, the newest first."""
    desk = desk_of(request)
    names = {name: MessageState[name.upper()] for name in LOOKS}
    chosen = names.get(request.GET.get("state", ""))
    where = MessageFilter(
        state=chosen,
        channel=request.GET.get("channel", "")[:10],
        event=request.GET.get("event", "")[:40],
        recipient=request.GET.get("q", "").strip().lower()[:254],
        sent=_month(request),
    )
    page = queries.log(
        merchant_id=desk.merchant_id,
        where=where,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    language = get_language() or "zh-hans"
    tabs = [Tab(_("All"), "?", on=chosen is None)]
    tabs += [
        Tab(LOOKS[name].word, f"?state={name}", on=state is chosen) for name, state in names.items()
    ]
    context = {
        "rows": [
            {
                "message": row,
                "event": EVENTS.get(row.event, row.event),
                "is_waiting_buyer": row.event == "restocked",
                "channel": CHANNELS.get(row.channel, row.channel),
                "look": LOOKS[row.state.name.lower()],
                "problem": row.problem(language) if row.error else "",
                "failed": row.state is MessageState.FAILED,
                "cost": costs.exact(row.parts * row.price_milli, desk.currency)
                if row.channel == "sms" and row.sent_at
                else "",
            }
            for row in page.rows
        ],
        "tabs": tabs,
        "events": EVENTS.items(),
        "channels": CHANNELS.items(),
        "where": where,
        "month": request.GET.get("month", "")[:7],
        "is_narrowed": where != MessageFilter(),
        "pages": pages_of(request, page.next_cursor),
        "can_retry": "orders.deliver" in desk.permissions,
    }
    return render(request, "console/messages/list.html", context)


def _month(request: ConsoleRequest) -> tuple[datetime, datetime] | None:
    """Return the month that is asked for, in the merchant's time zone; none: all."""
    if not (asked := request.GET.get("month", "")):
        return None
    year, month = costs.read_month(asked, timezone.localtime())
    return costs.bounds(year, month, request.membership.time_zone)


@needs("messages.view", "orders.deliver")
@require_POST
def message_retry(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give a failed message another round of tries."""
    desk = desk_of(request)
    try:
        operations.send_again(merchant_id=desk.merchant_id, uid=uid)
    except operations.UnknownMessage:
        raise
    except DomainError as error:
        flash.error(request, text_of(error))
    else:
        flash.success(request, _("The message is sent again."))
    return back(request, "console_messages")


@needs()
def notice_list(request: ConsoleRequest) -> HttpResponse:
    """Show the notices to the staff, the newest first."""
    desk = desk_of(request)
    reader = _reader(desk)
    page = reading.notices(
        merchant_id=desk.merchant_id,
        reader=reader,
        language=get_language() or "zh-hans",
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    context = {
        "rows": [(row, _target(row)) for row in page.rows],
        "unread": reading.unread_count(merchant_id=desk.merchant_id, reader=reader),
        "pages": pages_of(request, page.next_cursor),
    }
    return render(request, "console/messages/notices.html", context)


@needs()
@require_POST
def notices_read(request: ConsoleRequest) -> HttpResponse:
    """Mark one notice, or all, as read by who looks."""
    desk = desk_of(request)
    uid = request.POST.get("uid", "").replace("\0", "")[:32]
    if request.visit is None:
        reading.mark_read(
            merchant_id=desk.merchant_id,
            reader=_reader(desk),
            now=timezone.now(),
            uids=[uid] if uid else None,
        )
    else:
        flash.info(request, _("On a visit nothing is marked: what is new to others stays new."))
    return back(request, "console_notices")


def _reader(desk: Desk) -> Reader:
    return members.reader_of(
        merchant_id=desk.merchant_id, member_uid=desk.member_uid, permissions=desk.permissions
    )


_PAGES = {
    "order": "console_order",
    "sku": "console_stock_sku",
    "transfer": "console_transfer",
    "case": "console_case",
    "webhook": "console_webhook",
    "withdrawal": "console_withdrawal",
    "account": "console_payment_account",
}


def _target(row: NoticeRow) -> str:
    """Return the page that a notice leads to, or ""."""
    kind, name = row.target
    if kind in _PAGES and name:
        return reverse(_PAGES[kind], args=[name])
    if kind == "refunds" and name:
        return f"{reverse('console_refunds')}?q={name}"
    plain = {"suspense": "console_suspense", "deadlines": "console_deadlines"}
    plain |= {"visits": "console_operator_visits"}
    return reverse(plain[kind]) if kind in plain else ""
