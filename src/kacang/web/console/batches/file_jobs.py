"""Jobs that end in a file: watched on a page of their own, stopped there (O10, D5)."""

from dataclasses import dataclass, replace

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from kacang.outbox import files, work
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState, WorkView
from kacang.web.console.desk import Desk, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.work import card_of
from kacang.web.design.parts import JobCard
from kacang.web.requests import ConsoleRequest


@dataclass(frozen=True, slots=True)
class FileJob:
    """A kind of job, and the names of its page and of what stops it."""

    kind: str
    page: str
    cancel: str

    def find(self, desk: Desk, uid: str) -> WorkView:
        """Return one, or raise UnknownWork."""
        item = works.work(merchant_id=desk.merchant_id, uid=uid)
        if item.kind != self.kind:
            raise works.UnknownWork
        return item

    def card(self, item: WorkView, desk: Desk) -> JobCard:
        """Return it as its card shows it, with its own addresses."""
        return replace(
            card_of(item, desk),
            poll_url=reverse(self.page, args=[item.uid]),
            result_url="",
            cancel_url="" if item.cancel_asked else reverse(self.cancel, args=[item.uid]),
        )

    def stop(self, request: ConsoleRequest, desk: Desk, uid: str) -> HttpResponse:
        """Ask it to stop; it leaves no file."""
        item = self.find(desk, uid)
        work.ask_to_cancel(merchant_id=desk.merchant_id, uid=item.uid)
        if is_over_list(request):
            return job_part(request, self.card(self.find(desk, uid), desk))
        return redirect(self.page, uid)


def file_of(item: WorkView, desk: Desk) -> files.FileInfo | None:
    """Return what a job's file is; None before it is done, and once it is gone."""
    if item.state is not WorkState.DONE:
        return None
    try:
        return files.info(merchant_id=desk.merchant_id, uid=str(item.result["export_file"]))
    except files.UnknownFile:
        return None


def is_own(item: WorkView, desk: Desk) -> bool:
    """Whether a job was started by this person: nobody else fetches its file."""
    return list(item.arguments["actor"]) == [desk.actor.kind, desk.actor.id]
