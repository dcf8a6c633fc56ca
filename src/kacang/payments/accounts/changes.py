"""What is done to payment accounts: made, filled in, switched, their secrets changed (P1, L9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from django.db import connection

from kacang.catalog.queries import UnknownProduct, product_ids
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.queries import merchant
from kacang.merchants.tenancy import acting_as
from kacang.payments.account_models import AccountProduct
from kacang.payments.accounts import account_secrets
from kacang.payments.accounts.finding import UnknownAccount, forget_accounts
from kacang.payments.accounts.routing import Limits
from kacang.payments.companies import registry
from kacang.payments.models import Account
from kacang.payments.ports import AccountInfo, BadSecrets, PaymentProvider
from kacang.shared.errors import Conflict, Invalid, Refused
from kacang.shared.ids import new_uid
from kacang.shared.money import MINOR_MAX, exponent

TRIAL_PROVIDERS = frozenset({"sandbox"})
LIVE = "live"
NETWORKS_MAX = 200
PRODUCTS_MAX = 500
WEIGHT_MAX = 1_000
FEE_BP_MAX = 10_000


class SandboxInEarnest(Refused):
    """The sandbox moves no money: only trial merchants may have an account there (rule 14)."""

    code = "payments.sandbox_in_earnest"


class CurrencyNotTaken(Conflict):
    """The company takes no money in this currency."""

    code = "payments.currency_not_taken"


class FieldMissing(Invalid):
    """Something that the company needs is not filled in. `field` is its name."""

    code = "payments.field_missing"


class BadLimits(Invalid):
    """A weight, a limit, a fee or a network makes no sense. `field` is its name."""

    code = "payments.bad_limits"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a payment account is made of. Secrets that the company has us make may be left out."""

    provider: str
    name: str
    currency: str = "CNY"
    secrets: Mapping[str, str] | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, slots=True)
class AccountMade:
    """A new account and, to be shown once, the secrets that were made for it."""

    uid: str
    made_secrets: Mapping[str, str] = field(repr=False)


def create_account(
    *, merchant_id: int, account: NewAccount, actor: Actor = audit.SYSTEM
) -> AccountMade:
    """Store a payment account. It takes no payments until it is enabled.

    Raises:
        UnknownProvider: No package brings this company.
        SandboxInEarnest: The sandbox is for test and demo merchants.
        BadSecrets: Secrets were given that could not tell a notice from a forgery.
        UnknownCurrency: We do not know how many digits the currency has.
        CurrencyNotTaken: The company takes no money in it.
    """
    company = registry.provider(account.provider)
    exponent(account.currency)
    if account.currency not in company.currencies:
        raise CurrencyNotTaken(currency=account.currency)
    made = {} if account.secrets is not None else dict(company.new_secrets() or {})
    chosen = {name: (value,) for name, value in (account.secrets or made).items()}
    if chosen:
        company.check_secrets(chosen, account.options)
    uid = new_uid("acc")
    with acting_as(merchant_id):
        kind = merchant(merchant_id=merchant_id).kind
        if account.provider in TRIAL_PROVIDERS and kind == LIVE:
            raise SandboxInEarnest
        Account.objects.create(
            merchant_id=merchant_id,
            merchant_kind=kind,
            uid=uid,
            provider=account.provider,
            name=account.name[:80],
            currency=account.currency,
            secrets=account_secrets.seal(merchant_id, uid, chosen) if chosen else None,
            options=dict(account.options),
            position=account.position,
        )
        after = {"provider": account.provider, "currency": account.currency}
        _log(merchant_id, actor, "payments.create_account", uid, after=after)
    return AccountMade(uid, made)


def enable_account(*, merchant_id: int, uid: str, actor: Actor = audit.SYSTEM) -> None:
    """Let checkout offer an account. May be repeated.

    Raises:
        UnknownAccount: The merchant has no such account.
        BadSecrets: It has no secret, or one that is worth nothing (L9).
        FieldMissing: Something else that the company needs is not filled in.
        UnknownProvider: Its company's package is not installed any more.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        info = account_secrets.info_of(row)
        if not info.secrets:
            raise BadSecrets
        company = registry.provider(row.provider)
        company.check_secrets(info.secrets, info.options)
        _check_complete(company, info)
        row.enabled = True
        row.save(update_fields=["enabled", "changed_at"])
        _log(merchant_id, actor, "payments.enable_account", uid)
    forget_accounts()


def disable_account(*, merchant_id: int, uid: str, actor: Actor = audit.SYSTEM) -> None:
    """Offer an account no more. Money that still arrives there is still taken in."""
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.enabled = False
        row.save(update_fields=["enabled", "changed_at"])
        _log(merchant_id, actor, "payments.disable_account", uid)
    forget_accounts()


@dataclass(frozen=True, slots=True)
class AccountChange:
    """An account as it is to be from now on.

    Args:
        name: What buyers read.
        options: What is no secret, by the names of the company's fields.
        secrets: New values by name; those left out stay. The value before is accepted too,
            until `end_rotation`.
        position: Where it stands at the checkout, the smallest first.
        limits: What it takes.
        fee_bp, fee_fixed_minor: What the company keeps, for estimates.
        networks: From where its messages may come; empty: from anywhere.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    position: int = 0
    limits: Limits = field(default_factory=Limits)
    fee_bp: int = 0
    fee_fixed_minor: int = 0
    networks: Sequence[str] = ()


def change_account(
    *, merchant_id: int, uid: str, change: AccountChange, actor: Actor = audit.SYSTEM
) -> None:
    """Change everything about an account but its company, its currency and whether it is on.

    Raises:
        UnknownAccount: The merchant has no such account.
        UnknownProvider: Its company's package is not installed any more.
        UnknownProduct: The merchant has no product of one of the uids.
        BadSecrets: With these secrets a notice could not be told from a forgery.
        FieldMissing: The account takes payments, and would lack what the company needs.
        BadLimits: A limit, a fee or a network makes no sense.
    """
    _check_limits(change)
    networks = _networks(change.networks)
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        company = registry.provider(row.provider)
        before = account_secrets.info_of(row)
        secrets = dict(before.secrets)
        for name, value in change.secrets.items():
            secrets[name] = (value, *secrets.get(name, ())[:1])
        if secrets:
            company.check_secrets(secrets, change.options)
            row.secrets = account_secrets.seal(merchant_id, uid, secrets)
        row.name, row.position = change.name.strip()[:80], change.position
        row.options, row.networks = dict(change.options), networks
        row.weight = change.limits.weight
        row.amount_min_minor = change.limits.amount_min_minor
        row.amount_max_minor = change.limits.amount_max_minor
        row.day_max_minor = change.limits.day_max_minor
        row.fee_bp, row.fee_fixed_minor = change.fee_bp, change.fee_fixed_minor
        if row.enabled:
            _check_complete(company, account_secrets.info_of(row))
        row.save()
        _keep_products(merchant_id, row.pk, change.limits.products)
        after = {
            "options": sorted(change.options),
            "secrets": sorted(change.secrets),
            "weight": change.limits.weight,
            "products": len(change.limits.products),
            "networks": networks,
        }
        _log(merchant_id, actor, "payments.change_account", uid, after=after)
    forget_accounts()


def set_secret(
    *, merchant_id: int, uid: str, name: str, value: str | None = None, actor: Actor = audit.SYSTEM
) -> str:
    """Put a new secret in force beside the present one, and return it.

    Both are accepted until `end_rotation`, so that nothing is lost while the company changes
    over. Without `value` one is made.

    Raises:
        UnknownAccount: The merchant has no such account.
        BadSecrets: The value is not of the company's form, or none can be made.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        company = registry.provider(row.provider)
        new = value if value is not None else (company.new_secrets() or {}).get(name)
        if new is None:
            raise BadSecrets
        present = account_secrets.info_of(row).secrets
        changed = {**present, name: (new, *present.get(name, ())[:1])}
        company.check_secrets(changed, row.options)
        row.secrets = account_secrets.seal(merchant_id, uid, changed)
        row.save(update_fields=["secrets", "changed_at"])
        _log(merchant_id, actor, "payments.set_secret", uid, after={"name": name})
    forget_accounts()
    return new


def end_rotation(*, merchant_id: int, uid: str, name: str, actor: Actor = audit.SYSTEM) -> None:
    """Accept only the newest value of a secret from now on. May be repeated."""
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        present = account_secrets.info_of(row).secrets
        row.secrets = account_secrets.seal(
            merchant_id, uid, {**present, name: present.get(name, ())[:1]}
        )
        row.save(update_fields=["secrets", "changed_at"])
        _log(merchant_id, actor, "payments.end_rotation", uid, after={"name": name})
    forget_accounts()


def reveal_secrets(
    *, merchant_id: int, uid: str, actor: Actor, reason: str = ""
) -> Mapping[str, str]:
    """Return an account's newest secrets to a person; the log has it before they are read."""
    with acting_as(merchant_id):
        _locked(merchant_id, uid)
        _log(merchant_id, actor, "payments.reveal_secrets", uid, reason=reason)
    with acting_as(merchant_id):
        info = account_secrets.info_of(_locked(merchant_id, uid))
    return {name: values[0] for name, values in info.secrets.items() if values}


def count_forgery(*, account: AccountInfo) -> None:
    """Count a message with a wrong signature. Nothing else of it is kept (rule 11)."""
    _count(account, forged=1, strange=0)


def count_stranger(*, account: AccountInfo) -> None:
    """Count a message from where the account's messages may not come; nothing else is kept."""
    _count(account, forged=0, strange=1)


def _count(account: AccountInfo, *, forged: int, strange: int) -> None:
    with acting_as(account.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "insert into forgery (merchant_id, account_id, day, count, strangers)"
            " values (%s::bigint, %s::bigint, current_date, %s::int, %s::int)"
            " on conflict (merchant_id, account_id, day) do update set"
            " count = forgery.count + excluded.count,"
            " strangers = forgery.strangers + excluded.strangers",
            [account.merchant_id, account.id, forged, strange],
        )


def _check_complete(company: PaymentProvider, info: AccountInfo) -> None:
    for asked in company.fields:
        given = info.secrets.get(asked.name) if asked.is_secret else info.options.get(asked.name)
        if asked.is_required and not given:
            raise FieldMissing(field=asked.label)


def _check_limits(change: AccountChange) -> None:
    limits = change.limits
    least, most = limits.amount_min_minor, limits.amount_max_minor
    amounts = (least, most, limits.day_max_minor, change.fee_fixed_minor)
    reasons = (
        (not change.name.strip(), "name"),
        (not 1 <= limits.weight <= WEIGHT_MAX, "weight"),
        (any(minor is not None and not 0 <= minor <= MINOR_MAX for minor in amounts), "amount"),
        (least is not None and most is not None and least > most, "amount"),
        (not 0 <= change.fee_bp <= FEE_BP_MAX, "fee"),
        (len(limits.products) > PRODUCTS_MAX, "products"),
    )
    for applies, name in reasons:
        if applies:
            raise BadLimits(field=name)


def _networks(given: Sequence[str]) -> list[str]:
    if len(given) > NETWORKS_MAX:
        raise BadLimits(field="networks")
    try:
        return sorted({str(ip_network(text.strip(), strict=False)) for text in given})
    except ValueError as error:
        raise BadLimits(field="networks") from error


def _keep_products(merchant_id: int, account_id: int, uids: frozenset[str]) -> None:
    rows = AccountProduct.objects.filter(merchant_id=merchant_id, account_id=account_id)
    ids = product_ids(merchant_id=merchant_id, uids=uids)
    if len(ids) < len(uids):
        raise UnknownProduct
    rows.exclude(product_id__in=ids.values()).delete()
    AccountProduct.objects.bulk_create(
        [
            AccountProduct(merchant_id=merchant_id, account_id=account_id, product_id=product_id)
            for product_id in ids.values()
        ],
        ignore_conflicts=True,
    )


def _locked(merchant_id: int, uid: str) -> Account:
    row = (
        Account.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid)
        .first()
    )
    if row is None:
        raise UnknownAccount
    return row


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: Any) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="payment_account",
        object_uid=uid,
        **details,
    )
