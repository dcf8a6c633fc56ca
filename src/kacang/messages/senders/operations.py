"""What others may do: keep an account at a company, switch it, forget it (N1).

Whoever has an account of their own sends by it, besides the operator's. Where the company listens
is the operator's to say. An account without its secret, signature or templates cannot be switched
on, neither by us nor past us: the table refuses it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.messages import registry
from kacang.messages.events import Event
from kacang.messages.ports import Template
from kacang.messages.senders import secrets as kept
from kacang.messages.senders.models import SenderAccount
from kacang.messages.senders.queries import UnknownAccount
from kacang.messages.wording.house import told_by
from kacang.messages.wording.variables import SMS, WECHAT, variables
from kacang.shared.errors import Conflict, Invalid
from kacang.shared.ids import new_uid

KEY_MAX, SECRET_MAX, APP_MAX, SIGN_MAX, CODE_MAX = 120, 400, 60, 40, 64
# A typed place of a template of a mini-program.
PLACE = re.compile(r"[a-z_]{1,20}[0-9]{1,2}")
_WORD = re.compile(r"[\x21-\x7e]+")


class BadAccount(Invalid):
    """A field of an account is empty, too long, or has characters that no such field has."""

    code = "senders.bad_account"


class BadTemplate(Invalid):
    """A template's event, code or names are none that there are."""

    code = "senders.bad_template"


class Incomplete(Conflict):
    """Without key, secret, signature and a template an account cannot be switched on."""

    code = "senders.incomplete"


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """What is said of an account. An empty secret stays as it is."""

    key_id: str
    secret: str = field(default="", repr=False)
    app: str = ""
    sign_name: str = ""
    templates: Mapping[str, Template] = field(default_factory=dict)


def save_account(
    *, merchant_id: int, company: str, draft: AccountDraft, actor: Actor, now: datetime
) -> str:
    """Keep a merchant's account at a company, and return its uid. The secret goes into the vault.

    Raises:
        UnknownCompany: Merchants have no accounts there.
        BadAccount, BadTemplate: As they say. Nothing was changed.
    """
    kind = registry.company(company)
    needs_app, channel = kind.needs_app, registry.channel_of(kind)
    key_id = _word(draft.key_id, "key_id", KEY_MAX)
    app = _word(draft.app, "app", APP_MAX) if draft.app or needs_app else ""
    secret = _word(draft.secret, "secret", SECRET_MAX) if draft.secret else ""
    sign_name = _line(draft.sign_name, "sign_name", SIGN_MAX)
    templates = _checked(draft.templates, channel)
    with acting_as(merchant_id):
        _lock(merchant_id)
        row = _locked(merchant_id, company)
        before = {} if row is None else _shown(row)
        if row is None:
            row = SenderAccount(
                merchant_id=merchant_id,
                uid=new_uid("snd"),
                company=company,
                channel=channel,
                secret=b"",
                created_at=now,
            )
        row.key_id, row.app, row.sign_name, row.templates = key_id, app, sign_name, templates
        if secret:
            row.secret = kept.seal(merchant_id, row.uid, secret)
        if row.is_on and not _is_complete(row):
            row.is_on = False
        row.save()
        after = {**_shown(row), "new_secret": bool(secret)}
        _log(merchant_id, actor, "senders.save", row.uid, before=before, after=after)
    return row.uid


def switch_account(*, merchant_id: int, company: str, on: bool, actor: Actor) -> None:
    """Switch an account on, in place of another of the same channel, or off.

    Raises:
        UnknownAccount: The merchant has none at this company.
        Incomplete: Something that is needed misses.
    """
    with acting_as(merchant_id):
        _lock(merchant_id)
        row = _present(merchant_id, company)
        if on and not _is_complete(row):
            raise Incomplete
        if on:
            SenderAccount.objects.filter(
                merchant_id=merchant_id, channel=row.channel, is_on=True
            ).update(is_on=False)
        row.is_on = on
        row.save(update_fields=["is_on"])
        action = "senders.switch_on" if on else "senders.switch_off"
        _log(merchant_id, actor, action, row.uid, after={"company": company})


def remove_account(*, merchant_id: int, company: str, actor: Actor) -> None:
    """Forget an account and its secret. What waits goes by the operator's, if there is one.

    Raises:
        UnknownAccount: The merchant has none at this company.
    """
    with acting_as(merchant_id):
        _lock(merchant_id)
        row = _present(merchant_id, company)
        before, uid = _shown(row), row.uid
        row.delete()
        _log(merchant_id, actor, "senders.remove", uid, before=before)


def _checked(templates: Mapping[str, Template], channel: str) -> dict[str, Any]:
    return {key: _template(key, one, channel) for key, one in sorted(templates.items())}


def _template(key: str, one: Template, channel: str) -> list[Any]:
    event, _slash, language = key.partition("/")
    if event not in set(Event) or language not in ("", "en", "zh"):
        raise BadTemplate(event=key[:60])
    about = Event(event)
    known = {variable.name for variable in variables(about, SMS)}
    names = set(one.names)
    if channel == WECHAT:
        # Each of our names has a place before it: thing1:title.
        pairs = [name.partition(":") for name in one.names]
        names = {ours for _place, _colon, ours in pairs}
        if not all(PLACE.fullmatch(place) for place, _colon, _ours in pairs):
            raise BadTemplate(event=event)
    if channel not in told_by(about) or names - known:
        raise BadTemplate(event=event)
    if len(one.code) > CODE_MAX or not _WORD.fullmatch(one.code):
        raise BadTemplate(event=event)
    return [one.code, list(one.names)]


def _is_complete(row: SenderAccount) -> bool:
    has_app = bool(row.app) or not registry.company(row.company).needs_app
    has_sign = bool(row.sign_name) or row.channel == WECHAT
    return bool(row.key_id and row.secret and has_sign and row.templates and has_app)


def _word(text: str, name: str, limit: int) -> str:
    text = text.strip()
    if len(text) > limit or not _WORD.fullmatch(text):
        raise BadAccount(field=name, limit=limit)
    return text


def _line(text: str, name: str, limit: int) -> str:
    text = " ".join(text.split())
    if len(text) > limit or not text.isprintable():
        raise BadAccount(field=name, limit=limit)
    return text


def _shown(row: SenderAccount) -> dict[str, Any]:
    return {
        "company": row.company,
        "key_id": row.key_id,
        "app": row.app,
        "sign_name": row.sign_name,
        "templates": row.templates,
        "is_on": row.is_on,
    }


def _locked(merchant_id: int, company: str) -> SenderAccount | None:
    rows = SenderAccount.objects.filter(merchant_id=merchant_id, company=company)
    return rows.select_for_update(no_key=True).first()


def _present(merchant_id: int, company: str) -> SenderAccount:
    row = _locked(merchant_id, company)
    if row is None:
        raise UnknownAccount
    return row


def _lock(merchant_id: int) -> None:
    with connection.cursor() as cursor:
        # Of two who switch different accounts on at once, one is on in the end.
        cursor.execute(
            "select 1 from merchant where id = %s::bigint for no key update", [merchant_id]
        )


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: Any) -> None:
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="sender",
        object_uid=uid, **details,
    )  # fmt: skip
