"""Where companies report: of money, by their signature, and of text messages.

The hot path of a sale ends here: no session, no cookie, no form, the account from the process's
memory, then one call.
"""

import re

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from kacang.messages.ports import BadReport
from kacang.messages.registry import UnknownCompany
from kacang.messages.senders import reports
from kacang.orders import operations as orders
from kacang.payments import operations, queries
from kacang.payments.companies import registry
from kacang.payments.companies.strangers import Stranger, is_expected
from kacang.payments.ports import (
    AccountInfo,
    AskAgain,
    BadNotice,
    BadSignature,
    IncomingMessage,
    RefundNotice,
    Reply,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.web.access import machine
from kacang.web.errors import plain_problem, problem
from kacang.web.headers import Headers

BODY_MAX = 64 * 1024
# Neither account nor company is told from a path that does not exist.
UNKNOWN = (queries.UnknownAccount, registry.UnknownProvider)
UID = re.compile(r"[0-9A-Za-z_]{1,32}")


@machine
@csrf_exempt
def payment(request: HttpRequest, provider: str, account_uid: str) -> HttpResponse:
    """Take in one notice: answered as the company wants once it is stored, whatever it leads to.

    A wrong signature is 401 and leaves a counter behind, as does a message from where none is
    expected, 403; what cannot be understood is 400 and leaves nothing.
    """
    try:
        account = _account(provider, account_uid)
    except UNKNOWN:
        return plain_problem(404, "request.no_such_path", request=request)
    if not is_expected(account, str(getattr(request, "client_address", ""))):
        operations.count_stranger(account=account)
        return problem(Stranger(), request)
    allowed = registry.provider(provider).notice_methods
    if request.method not in allowed:
        return HttpResponse(status=405, headers={"allow": ", ".join(allowed)})
    body = _body(request)
    if body is None:
        return plain_problem(413, "request.too_large", request=request)
    return _take(request, account, body)


def _take(request: HttpRequest, account: AccountInfo, body: bytes) -> HttpResponse:
    company = registry.provider(account.provider)
    message = IncomingMessage(
        request.method or "", request.META.get("QUERY_STRING", ""), Headers(request.META), body
    )
    try:
        notice = company.read_notice(account, message, utc_now())
    except BadSignature as error:
        operations.count_forgery(account=account)
        return problem(error, request)
    except BadNotice as error:
        return problem(error, request)
    try:
        if isinstance(notice, VerifiedNotice):
            orders.settle_notice(account=account, notice=notice)
        elif isinstance(notice, RefundNotice):
            orders.settle_refund_notice(account=account, notice=notice)
        elif isinstance(notice, AskAgain):
            operations.ask_again(
                merchant_id=account.merchant_id,
                numbers=[notice.payment_number],
                is_urgent=True,
            )
    except DomainError as error:
        # Not stored: the company comes again.
        return problem(error, request)
    return answer_of(company.taken)


def answer_of(reply: Reply) -> HttpResponse:
    """Return what a company wants to hear, as an answer."""
    return HttpResponse(reply.body, content_type=reply.content_type, status=reply.status)


def _account(provider: str, uid: str) -> AccountInfo:
    if not UID.fullmatch(uid):
        raise queries.UnknownAccount
    account = queries.account_of_uid(uid)
    if account.provider != provider:
        raise queries.UnknownAccount
    registry.provider(provider)
    return account


def _body(request: HttpRequest) -> bytes | None:
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_MAX:
            return None
        body = request.body
    except (RequestDataTooBig, UnreadablePostError, ValueError):
        return None
    return body if len(body) <= BODY_MAX else None


@machine
@csrf_exempt
def message_report(request: HttpRequest, company: str, account: str, token: str) -> HttpResponse:
    """Take in what a company tells of text messages. The address is the secret: they do not sign.

    404: no such address; 400: it cannot be read. A message that is told of twice changes once.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"allow": "POST"})
    body = _body(request)
    if body is None:
        return plain_problem(413, "request.too_large", request=request)
    try:
        uid = reports.checked_address(company, account, token)
        _changed, thanks = reports.take_reports(
            company=company, account=uid, body=body, now=utc_now()
        )
    except (reports.UnknownAddress, UnknownCompany):
        return plain_problem(404, "request.no_such_path", request=request)
    except BadReport:
        return plain_problem(400, "request.malformed", request=request)
    return HttpResponse(thanks[0], content_type=thanks[1])


urlpatterns = [
    path("messages/<str:company>/<str:account>/<str:token>", message_report, name="message_report"),
    path("payments/<str:provider>/<str:account_uid>", payment, name="payment_callback"),
]
