"""Moving here from another system at the desk: send a file, see what it holds, bring it (V7)."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_POST

from kacang.orders import operations
from kacang.outbox import files
from kacang.outbox import queries as works
from kacang.outbox.files import SIZE_MAX
from kacang.outbox.queries import WorkState, WorkView
from kacang.shared.errors import DomainError
from kacang.vault.queries import CardState
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import LEVEL_WORDS
from kacang.web.console.desk import desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.work import card_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

CHECK = "orders.move_check"
PERMISSION = "shop.move"
SYSTEM_WORDS: dict[str, Promise | str] = {
    "acg-faka": "acg-faka",
    "dujiaoka": gettext_lazy("dujiaoka"),
    "dujiao-next": "dujiao-next",
    "workbook": gettext_lazy("Another system, by the workbook"),
}
REASON_WORDS: dict[str, Promise] = {
    "bad_amount": gettext_lazy("This is not an amount"),
    "duplicate_id": gettext_lazy("The same id is further up in the file"),
    "duplicate_in_vault": gettext_lazy("The same card is in stock already or stands twice"),
    "missing_secret": gettext_lazy("The code is missing"),
    "order_open": gettext_lazy("The order is not finished: finish or refund it in the old system"),
    "unknown_product": gettext_lazy("The product is not in the file"),
    "unknown_sku": gettext_lazy("The product is not in the file"),
    "unknown_state": gettext_lazy("This state is not known"),
    "columns": gettext_lazy("The line has another number of values than the table has columns"),
}
OTHER_REASON = gettext_lazy("Something else: the workbook names it")


class MoveForm(forms.Form):
    """Which system, and its file."""

    system = forms.ChoiceField(
        label=gettext_lazy("The file is of"), choices=list(SYSTEM_WORDS.items())
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "A text dump of the old database (SQL, UTF-8) or the workbook, at most 64 MB. A larger "
            "one comes in by the command line."
        ),
    )


@needs(PERMISSION)
def move_new(request: ConsoleRequest) -> HttpResponse:
    """Take in a file of another system, and have it looked at."""
    desk = desk_of(request)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = MoveForm(*data)
    if request.method == "POST" and form.is_valid():
        try:
            file_uid = files.store_upload(
                merchant_id=desk.merchant_id, purpose="move", upload=form.cleaned_data["file"]
            )
            work_uid = operations.check_move(
                merchant_id=desk.merchant_id,
                actor=desk.actor,
                system=form.cleaned_data["system"],
                file_uid=file_uid,
                language=get_language() or "zh-hans",
            )
        except DomainError as error:
            form.add_error("file", text_of(error))
        else:
            return redirect("console_move_check", work_uid)
    context = {"form": form, "most_mb": SIZE_MAX // 2**20}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/settings/move.html", context, status=status)


@needs(PERMISSION)
def move_check(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show what a look at the file found. Nothing of it is here yet."""
    desk = desk_of(request)
    work = _check_of(desk.merchant_id, uid)
    card = card_of(work, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=work.has_ended)
    result = dict(work.result)
    context = {
        "work": work,
        "job": card,
        "result": result,
        "system": SYSTEM_WORDS.get(str(work.arguments["system"]), ""),
        "states": [
            (LEVEL_WORDS[state.name.lower()], count)
            for state in CardState
            if (count := dict(result.get("states") or {}).get(state.name.lower()))
        ],
        "reasons": _reasons(result),
        "is_done": work.state is WorkState.DONE,
        "is_failed": work.state is WorkState.FAILED,
    }
    return render(request, "console/settings/move_check.html", context)


@needs(PERMISSION)
@require_POST
def move_load(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Bring over what was shown."""
    desk = desk_of(request)
    arguments = _check_of(desk.merchant_id, uid, done=True).arguments
    try:
        work_uid = operations.start_move(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            system=str(arguments["system"]),
            file_uid=str(arguments["file"]),
            language=get_language() or "zh-hans",
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_move_check", uid)
    return redirect("console_work", work_uid)


def _check_of(merchant_id: int, uid: str, *, done: bool = False) -> WorkView:
    work = works.work(merchant_id=merchant_id, uid=uid)
    if work.kind != CHECK or (done and work.state is not WorkState.DONE):
        raise Http404
    return work


def _reasons(result: dict[str, object]) -> list[tuple[Promise, int]]:
    """Return why something would not come, in words, the most frequent first."""
    found: dict[Promise, int] = {}
    counts = result.get("reasons")
    for reason, count in (counts if isinstance(counts, dict) else {}).items():
        word = REASON_WORDS.get(reason, OTHER_REASON)
        found[word] = found.get(word, 0) + count
    return sorted(found.items(), key=lambda item: -item[1])
