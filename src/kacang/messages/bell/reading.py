"""The notices behind the bell, as one member of the staff sees them, and marking them as read (N1).

Whose role reaches to some orders only sees notices of those alone: the database holds it, by a
policy on messages beside that on orders (I1).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.messages import rendering
from kacang.messages.bell.models import NoticeRead
from kacang.messages.bell.readers import Reader
from kacang.messages.models import Message
from kacang.messages.wording.house import language_of
from kacang.messages.wording.queries import own_words
from kacang.messages.wording.texts import Wording
from kacang.messages.wording.variables import IN_APP
from kacang.shared.clock import utc_now

# What is older counts as new for nobody, read or not.
NEW_FOR = timedelta(days=30)
# A notice that is being written now may get in below one that is here already: what is younger
# than this is marked one by one.
SETTLED = timedelta(minutes=2)
MOST = 99
MARKED_MAX = 500

_SHOWN = """
select m.id, m.uid, m.event, m.context, m.created_at,
       not (m.created_at > %(since)s::timestamptz and m.id > coalesce(s.upto_id, 0)
            and not exists (
                select from notice_read r
                where r.merchant_id = m.merchant_id and r.member_uid = %(member)s::text
                  and r.message_id = m.id)) as is_read
from message m
left join notice_seen s on s.merchant_id = %(merchant)s::bigint and s.member_uid = %(member)s::text
where m.merchant_id = %(merchant)s::bigint and m.channel = 'in_app'
  and m.event <> all(%(hidden)s::text[]){before}
order by m.created_at desc, m.id desc limit %(limit)s::int
"""
_BEFORE = " and (m.created_at, m.id) < (%(at)s::timestamptz, %(id)s::bigint)"
_NEW = """
select m.id, m.created_at from message m
where m.merchant_id = %(merchant)s::bigint and m.channel = 'in_app'
  and m.created_at > %(since)s::timestamptz and m.event <> all(%(hidden)s::text[])
  and m.id > coalesce((select s.upto_id from notice_seen s
                       where s.merchant_id = %(merchant)s::bigint
                         and s.member_uid = %(member)s::text), 0)
  and not exists (select from notice_read r
                  where r.merchant_id = m.merchant_id and r.member_uid = %(member)s::text
                    and r.message_id = m.id)
"""
_COUNT = f"select count(*) from ({_NEW} order by m.created_at desc limit %(most)s::int) n"  # noqa: S608 - ours
_UNREAD = f"{_NEW} order by m.created_at desc, m.id desc"
_READ = """
insert into notice_read (merchant_id, member_uid, message_id, read_at)
select %(merchant)s::bigint, %(member)s::text, n, %(now)s::timestamptz
from unnest(%(ids)s::bigint[]) n
on conflict do nothing
"""
_SEEN = """
insert into notice_seen (merchant_id, member_uid, upto_id)
values (%(merchant)s::bigint, %(member)s::text, %(upto)s::bigint)
on conflict (merchant_id, member_uid)
do update set upto_id = greatest(notice_seen.upto_id, excluded.upto_id)
"""
_SPENT = """
delete from notice_read
where merchant_id = %(merchant)s::bigint and member_uid = %(member)s::text
  and message_id <= %(upto)s::bigint
"""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice of the console, in the reader's language. `target` is a kind and a public id."""

    uid: str
    event: str
    title: str
    line: str
    tone: str
    target: tuple[str, str]
    created_at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page of notices, the newest first. `next_cursor` is empty on the last page."""

    rows: tuple[NoticeRow, ...]
    next_cursor: str


def notices(
    *, merchant_id: int, reader: Reader, language: str, cursor: str = "", limit: int = 30
) -> NoticePage:
    """Return a page of the console's notices as somebody sees them. Another cursor: the start."""
    asked = {**_asked(merchant_id, reader), "limit": limit + 1}
    with acting_as(merchant_id):
        place = _place(merchant_id, cursor)
        text = _SHOWN.replace("{before}", _BEFORE if place else "")
        found = _rows(text, {**asked, **place})
        own = own_words(merchant_id=merchant_id, channel=IN_APP) if found else {}
    shown = found[:limit]
    rows = tuple(_notice(row, reader, language, own) for row in shown)
    return NoticePage(rows, shown[-1]["uid"] if len(found) > limit else "")


def unread_count(*, merchant_id: int, reader: Reader, most: int = MOST) -> int:
    """Return how many notices are new to somebody, up to `most`."""
    if not reader.member_uid:
        return 0
    with acting_as(merchant_id):
        (found,) = _rows(_COUNT, {**_asked(merchant_id, reader), "most": most})
    return int(found["count"])


def mark_read(
    *, merchant_id: int, reader: Reader, now: datetime, uids: Iterable[str] | None = None
) -> int:
    """Note that a member has read these notices, or all that they see; return how many were new.

    Another member's marks stay as they are.
    """
    if not reader.member_uid:
        return 0
    asked = {**_asked(merchant_id, reader), "now": now}
    with acting_as(merchant_id):
        unread = _rows(_UNREAD, asked)
        if uids is not None:
            wanted = set(
                Message.objects.filter(
                    merchant_id=merchant_id, channel=IN_APP, uid__in=list(uids)[:MARKED_MAX]
                ).values_list("id", flat=True)
            )
            unread = [row for row in unread if row["id"] in wanted]
            _run(_READ, {**asked, "ids": [row["id"] for row in unread]})
            return len(unread)
        settled = [row["id"] for row in unread if row["created_at"] <= utc_now() - SETTLED]
        if settled:
            seen = {**asked, "upto": max(settled)}
            _run(_SEEN, seen)
            _run(_SPENT, seen)
        upto = max(settled, default=0)
        _run(_READ, {**asked, "ids": [row["id"] for row in unread if row["id"] > upto]})
    return len(unread)


def forget_marks(*, merchant_id: int, now: datetime) -> int:
    """Drop the marks of notices that are new to nobody any more; return how many."""
    with acting_as(merchant_id):
        gone, _each = NoticeRead.objects.filter(
            merchant_id=merchant_id, read_at__lt=now - NEW_FOR - timedelta(days=1)
        ).delete()
    return gone


def _asked(merchant_id: int, reader: Reader) -> dict[str, Any]:
    return {
        "merchant": merchant_id,
        "member": reader.member_uid,
        "hidden": sorted(reader.hidden),
        "since": utc_now() - NEW_FOR,
    }


def _place(merchant_id: int, cursor: str) -> dict[str, Any]:
    if not cursor:
        return {}
    known = Message.objects.filter(merchant_id=merchant_id, channel=IN_APP, uid=cursor)
    found = known.values_list("created_at", "id").first()
    return {"at": found[0], "id": found[1]} if found else {}


def _notice(
    row: Mapping[str, Any], reader: Reader, language: str, own: Mapping[tuple[str, str], Wording]
) -> NoticeRow:
    said = own.get((row["event"], language_of(language)))
    words = rendering.notice(row["event"], language, json.loads(row["context"]), said)
    return NoticeRow(
        uid=row["uid"],
        event=row["event"],
        title=words.title,
        line=words.line,
        tone=words.tone,
        target=words.target,
        created_at=row["created_at"],
        is_read=row["is_read"] or not reader.member_uid,
    )


def _rows(text: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _run(text: str, values: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
