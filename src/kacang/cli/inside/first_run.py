"""What the first run makes: somebody who can log in, a key for the API, a merchant, a demo shop.

All is written down, in a file that only its owner reads, before or as soon as it exists: a start
that was killed in the middle goes on from there.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kacang.catalog import queries as catalog
from kacang.cli.files import read_object, write_private
from kacang.cli.folder import DataFolder
from kacang.cli.inside import demo as demo_shop
from kacang.cli.inside import demo_history, simulated
from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.audit import Actor
from kacang.merchants.operations import KeyDraft, MerchantKind
from kacang.merchants.operations.staff import AlreadyStaff
from kacang.merchants.permissions import Role
from kacang.merchants.tenancy import acting_as
from kacang.payments import operations as payments
from kacang.payments import queries as payment_queries
from kacang.payments.operations import NewAccount

EMAIL = "owner@kacang.example"
SANDBOX = "sandbox"
ACTOR = Actor(kind="command", label="kacang up, first run")


@dataclass(frozen=True, slots=True)
class Plan:
    """The merchant that a first run opens."""

    slug: str
    name: str
    kind: MerchantKind


SHOP = Plan("shop", "我的店铺", MerchantKind.LIVE)


class Notes:
    """The file with what cannot be asked for a second time: a password, a key."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._facts = read_object(path)

    def of(self, *names: str) -> Any:
        """Return what is noted under a path of names, or nothing."""
        found: Any = self._facts
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def note(self, value: object, *names: str) -> None:
        """Write something down, for good."""
        facts: dict[str, Any] = self._facts
        for name in names[:-1]:
            facts = facts.setdefault(name, {})
        facts[names[-1]] = value
        write_private(self._path, json.dumps(self._facts, ensure_ascii=False, indent=1))


def provide(
    *, demo: bool, simulators: Path | None = None, senders: Path | None = None
) -> dict[str, object]:
    """Make what is missing and return the logins.

    Args:
        demo: Whether there shall be a demo shop.
        simulators: The file of accounts at simulated companies, for the demo shop.
        senders: The file of accounts for text messages at simulated companies.
    """
    folder = DataFolder(Path(os.environ["KACANG_DATA"]))
    notes = Notes(folder.first_run)
    plan = _plan(notes, demo=demo)
    merchant_id = _merchant(plan)
    _owner(notes, merchant_id)
    _api_key(notes, plan, merchant_id)
    if plan.kind == MerchantKind.DEMO:
        _sandbox(notes, plan, merchant_id)
        if not notes.of("merchants", plan.slug, "filled"):
            _fill(notes, plan, merchant_id)
            notes.note(True, "merchants", plan.slug, "filled")  # noqa: FBT003 - JSON
        if simulators is not None:
            simulated.wire(
                merchant_id=merchant_id, slug=plan.slug, kept=notes, file=simulators, actor=ACTOR
            )
        if senders is not None:
            simulated.wire_senders(
                merchant_id=merchant_id, slug=plan.slug, kept=notes, file=senders, actor=ACTOR
            )
    return {
        "merchant": plan.slug,
        "email": notes.of("email"),
        "password": notes.of("password"),
        "api_key": notes.of("merchants", plan.slug, "api_key"),
        "sandbox": notes.of("merchants", plan.slug, SANDBOX),
        "skus": _skus(merchant_id),
    }


def _plan(notes: Notes, *, demo: bool) -> Plan:
    shop = demo_shop.MERCHANT
    trial = Plan(shop["slug"], shop["name"], MerchantKind.DEMO)
    if demo:
        return trial
    return trial if notes.of("merchants", trial.slug) and not _has(SHOP.slug) else SHOP


def _has(slug: str) -> bool:
    try:
        queries.merchant_id_of_slug(slug)
    except queries.UnknownMerchant:
        return False
    return True


def _merchant(plan: Plan) -> int:
    if not _has(plan.slug):
        return merchants.open_merchant(slug=plan.slug, name=plan.name, kind=plan.kind)
    return queries.merchant_id_of_slug(plan.slug)


def _owner(notes: Notes, merchant_id: int) -> None:
    if not notes.of("password"):
        notes.note(EMAIL, "email")
        notes.note(secrets.token_urlsafe(12), "password")
    try:
        merchants.add_staff(
            merchant_id=merchant_id,
            email=notes.of("email"),
            name="店主",
            role=Role.OWNER,
            actor=ACTOR,
            password=notes.of("password"),
        )
    except AlreadyStaff:
        # By an earlier start.
        return


def _api_key(notes: Notes, plan: Plan, merchant_id: int) -> None:
    if notes.of("merchants", plan.slug, "api_key"):
        return
    draft = KeyDraft(name="first run", scopes=("all",))
    made = merchants.create_key(merchant_id=merchant_id, draft=draft, actor=ACTOR)
    notes.note(made.key, "merchants", plan.slug, "api_key")


def _sandbox(notes: Notes, plan: Plan, merchant_id: int) -> None:
    if notes.of("merchants", plan.slug, SANDBOX):
        return
    found = [
        row for row in payment_queries.accounts(merchant_id=merchant_id) if row.provider == SANDBOX
    ]
    if found:
        uid = found[0].uid
    else:
        draft = NewAccount(provider=SANDBOX, name="沙箱支付")
        uid = payments.create_account(merchant_id=merchant_id, account=draft, actor=ACTOR).uid
    payments.enable_account(merchant_id=merchant_id, uid=uid, actor=ACTOR)
    known = payments.reveal_secrets(
        merchant_id=merchant_id, uid=uid, actor=ACTOR, reason="first run"
    )
    facts = {"account_id": uid, "secret": next(iter(known.values()))}
    notes.note(facts, "merchants", plan.slug, SANDBOX)


def _fill(notes: Notes, plan: Plan, merchant_id: int) -> None:
    def once(name: str, make: Callable[[], str], is_there: Callable[[str], bool]) -> str:
        known = notes.of("merchants", plan.slug, "made", name)
        if not known or not is_there(known):
            # The note is written before the commit: what was killed in between has a note without
            # a thing, which is seen, and never a thing without a note, which would be made twice.
            with acting_as(merchant_id):
                known = make()
                notes.note(known, "merchants", plan.slug, "made", name)
        return str(known)

    filling = demo_shop.Filling(merchant_id, ACTOR, once)
    demo_history.tell(filling, demo_shop.fill(filling))


def _skus(merchant_id: int) -> list[dict[str, str]]:
    shelf = catalog.shelf(merchant_id=merchant_id, limit=50)
    return [
        {"id": sku.uid, "title": f"{_chinese(product.title)} {_chinese(sku.title)}"}
        for product in shelf.items
        for sku in product.skus
    ]


def _chinese(text: Any) -> str:
    return str(text.get("zh-Hans") or next(iter(text.values()), ""))
