"""Quick replies: what the merchant answers often, in both languages (X2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kacang.aftersales.errors import BadReply, UnknownReply
from kacang.aftersales.models import QuickReply
from kacang.aftersales.rules import TEXT_MAX
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from kacang.shared.texts import LANGUAGES, Text, pick

TITLE_MAX = 60
REPLIES_MAX = 100
# What may stand in braces: each is filled in when the reply is chosen.
NAMES = ("order", "product", "shop", "hours")
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A quick reply. `{order}` and the like are still in its text."""

    uid: str
    title: str
    body: Text

    def filled(self, language: str, values: Mapping[str, str]) -> str:
        """Return the text in a language, with its names filled in."""
        text = pick(self.body, language)
        return _BRACES.sub(lambda found: values.get(found.group(1), found.group(0)), text)


def replies(*, merchant_id: int) -> list[ReplyView]:
    """Return a merchant's quick replies, in the order in which they were added."""
    with acting_as(merchant_id):
        rows = QuickReply.objects.filter(merchant_id=merchant_id).order_by("id")[:REPLIES_MAX]
        return [ReplyView(row.uid, row.title, row.body) for row in rows]


def save_reply(
    *, merchant_id: int, uid: str = "", title: str, body: Mapping[str, str], actor: Actor
) -> str:
    """Add a quick reply, or change the one with this uid; return its uid.

    Raises:
        BadReply: It has no title or no text, an unknown name in braces, or there are too many.
        UnknownReply: There is none to change.
    """
    title = " ".join(title.split())
    texts = {language: body.get(language, "").strip() for language in LANGUAGES}
    texts = {language: text for language, text in texts.items() if text}
    _check(title, texts)
    with acting_as(merchant_id):
        mine = QuickReply.objects.filter(merchant_id=merchant_id)
        if uid:
            if not mine.filter(uid=uid[:32]).update(title=title, body=texts):
                raise UnknownReply
        elif mine.count() >= REPLIES_MAX:
            raise BadReply
        else:
            uid = new_uid("rpl")
            QuickReply.objects.create(
                merchant_id=merchant_id, uid=uid, title=title, body=texts, created_at=utc_now()
            )
        _log(merchant_id, actor, "cases.save_reply", uid)
    return uid


def delete_reply(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Remove a quick reply. One that is not there is gone already."""
    with acting_as(merchant_id):
        gone, _ = QuickReply.objects.filter(merchant_id=merchant_id, uid=uid[:32]).delete()
        if gone:
            _log(merchant_id, actor, "cases.delete_reply", uid[:32])


def _check(title: str, texts: Text) -> None:
    if not 0 < len(title) <= TITLE_MAX or not texts:
        raise BadReply
    for text in texts.values():
        if len(text) > TEXT_MAX or "\0" in text:
            raise BadReply
        if any(name not in NAMES for name in _BRACES.findall(text)):
            raise BadReply


def _log(merchant_id: int, actor: Actor, action: str, uid: str) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="quick_reply",
        object_uid=uid,
    )
