"""How well each account does, and turning away from one that fails by itself (P5).

Nothing is counted in a sale: a job looks each minute at the last payments and calls. An account
is paused when its calls fail, or when hardly anybody's payment comes through; after a while it
is tried out by a probe, then gets a part of its share, and all of it again once it does well.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import connection

from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.payments.account_models import HEALTH_STEPS, AccountEvent, AccountEventKind, Health
from kacang.payments.accounts import account_secrets
from kacang.payments.accounts.finding import forget_accounts
from kacang.payments.accounts.probing import keep_probe, try_out
from kacang.payments.balances import OWN_COMPANIES
from kacang.payments.companies import outside, registry
from kacang.payments.models import Account
from kacang.payments.ports import AccountInfo, BadSecrets
from kacang.queue import enqueue
from kacang.shared.clock import utc_now

# What is looked at: calls of the last minutes, and payments that have had the time to be made. Of
# which time they are, and which share is too bad, is the merchant's to set.
CALLS_WINDOW = timedelta(minutes=10)
PAY_TIME = timedelta(minutes=5)
PAYMENTS_MOST = 5_000
# From how many on a share means something, and which share of calls is too bad: in percent.
CALLS_LEAST, FAILED_MOST = 5, 50
PAYMENTS_LEAST = 20
# One that is tried again needs so much to be well, or so long without a fault.
TRIED_CALLS, TRIED_PAID = 3, 2
TRIED_LONG = timedelta(minutes=15)
# The first pause, doubled with each in a row, and the longest.
PAUSE, PAUSE_MOST = timedelta(minutes=2), timedelta(minutes=30)
FIGURES = """
with called as (
    select account_id, count(*) as calls, count(*) filter (where result <> 0) as failed,
           round(avg(milliseconds))::int as milliseconds,
           percentile_disc(0.95) within group (order by milliseconds)::int as slowest
    from provider_call
    where merchant_id = %(merchant)s::bigint and account_id = any(%(accounts)s::bigint[])
      and at >= %(calls_since)s::timestamptz and at >= %(since)s::timestamptz
    group by account_id
),
-- The newest by number, not all of a flash sale.
last as materialized (
    select account_id, state = 1 as is_paid, created_at, paid_at from payment
    where merchant_id = %(merchant)s::bigint order by id desc limit %(most)s::int
),
paid as (
    select account_id,
           count(*) filter (where is_paid or created_at < %(ripe)s::timestamptz) as opened,
           count(*) filter (where is_paid) as paid,
           round(extract(epoch from avg(paid_at - created_at) filter (where is_paid)))::int
               as seconds
    from last
    where account_id = any(%(accounts)s::bigint[]) and created_at >= %(payments_since)s::timestamptz
      and created_at >= %(since)s::timestamptz
    group by account_id
)
select a.id, coalesce(c.calls, 0), coalesce(c.failed, 0), c.milliseconds, c.slowest,
       coalesce(p.opened, 0), coalesce(p.paid, 0), p.seconds
from unnest(%(accounts)s::bigint[]) as a(id)
left join called c on c.account_id = a.id
left join paid p on p.account_id = a.id
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """How an account did lately.

    Args:
        calls, failed: Calls to the company, and those that it did not answer or refused.
        milliseconds, slowest: How long they took: on average, and 95 of 100 at most.
        opened, paid: Payments that were made or have had the time to be, and those made.
        seconds: How long buyers took to pay, on average.
    """

    calls: int = 0
    failed: int = 0
    milliseconds: int | None = None
    slowest: int | None = None
    opened: int = 0
    paid: int = 0
    seconds: int | None = None

    @property
    def paid_percent(self) -> int | None:
        """How many of 100 payments were made; None when there are none."""
        return round(self.paid * 100 / self.opened) if self.opened else None

    def is_bad(self, paid_least: int) -> bool:
        """Whether an account that does like this fails: fewer are paid than so many percent."""
        calls_fail = self.calls >= CALLS_LEAST and self.failed * 100 >= self.calls * FAILED_MOST
        nobody_pays = self.opened >= PAYMENTS_LEAST and self.paid * 100 < self.opened * paid_least
        return calls_fail or nobody_pays

    def is_bad_again(self, paid_least: int) -> bool:
        """As `is_bad`, of one that is just being tried: less is enough."""
        return self.is_bad(paid_least) or (
            self.failed > 1 and self.failed * 100 >= self.calls * FAILED_MOST
        )

    @property
    def has_proved_itself(self) -> bool:
        """Whether one that is being tried has done enough well."""
        answered = self.calls - self.failed
        return self.paid >= TRIED_PAID or (
            answered >= TRIED_CALLS and not self.failed and not self.opened
        )


def judge(health: Health, figures: Figures, age: timedelta, paid_least: int) -> Health:
    """Say how an account is to be taken from now on; pure. `age` is since it got its health.

    `paid_least`: of how many percent on, of the payments, an account is well.
    """
    if health is Health.GOOD:
        return Health.PAUSED if figures.is_bad(paid_least) else health
    if health is Health.TRYING:
        if figures.is_bad_again(paid_least):
            return Health.PAUSED
        is_quiet = age >= TRIED_LONG and not figures.failed
        return Health.GOOD if figures.has_proved_itself or is_quiet else health
    return health


def figures(
    *, merchant_id: int, accounts: Sequence[int], since: datetime | None = None
) -> dict[int, Figures]:
    """Return how accounts, by row id, did lately, or since a moment that is later."""
    now = utc_now()
    window = timedelta(minutes=minutes_of(merchant_id))
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            FIGURES,
            {
                "merchant": merchant_id,
                "accounts": list(accounts),
                "calls_since": now - CALLS_WINDOW,
                "payments_since": now - window,
                "since": since or now - window,
                "ripe": now - PAY_TIME,
                "most": PAYMENTS_MOST,
            },
        )
        return {row[0]: Figures(*row[1:]) for row in cursor.fetchall()}


def minutes_of(merchant_id: int) -> int:
    """Return of how many minutes the merchant wants payments to be looked at."""
    return int(str(merchants.setting(merchant_id=merchant_id, name="health_minutes")))


def lately(*, merchant_id: int) -> dict[str, Figures]:
    """Return how the merchant's accounts did lately, by uid."""
    with acting_as(merchant_id):
        uids = dict(Account.objects.filter(merchant_id=merchant_id).values_list("id", "uid"))
        found = figures(merchant_id=merchant_id, accounts=list(uids))
    return {uids[account_id]: did for account_id, did in found.items()}


def look_after(*, merchant_id: int) -> int:
    """Judge the merchant's enabled accounts and try paused ones out; return how many changed.

    Must not be called inside a transaction: companies are called (L18). Two that look at once
    change an account once.
    """
    outside.refuse_in_transaction()
    with acting_as(merchant_id):
        enabled = Account.objects.filter(merchant_id=merchant_id, enabled=True)
        # A transfer takes its time: that nobody has paid yet says nothing.
        rows = list(enabled.exclude(provider__in=OWN_COMPANIES).order_by("id"))
    return sum(_look_at(row) for row in rows)


def _look_at(row: Account) -> bool:
    now, health = utc_now(), Health(row.health)
    if health is Health.PAUSED:
        return row.try_at is not None and row.try_at <= now and _try_again(row, now)
    since = row.health_at if health is Health.TRYING else None
    did = figures(merchant_id=row.merchant_id, accounts=[row.pk], since=since)[row.pk]
    age = now - row.health_at if row.health_at else timedelta()
    least = merchants.setting(merchant_id=row.merchant_id, name="health_paid_percent")
    wanted = judge(health, did, age, int(str(least)))
    return wanted is not health and _turn(row, wanted, did, now)


def _try_again(row: Account, now: datetime) -> bool:
    """Probe a paused account: it answers, or its pause goes on for longer."""
    account: AccountInfo = account_secrets.info_of(row)
    try:
        registry.provider(account.provider).check_secrets(account.secrets, account.options)
    except (BadSecrets, registry.UnknownProvider):
        return False
    probe = try_out(account)
    if probe.passed:
        return _turn(row, Health.TRYING, Figures(), now)
    with acting_as(row.merchant_id):
        Account.objects.filter(merchant_id=row.merchant_id, pk=row.pk, health=Health.PAUSED).update(
            pauses=row.pauses + 1, try_at=now + _pause(row.pauses + 1)
        )
        keep_probe(account, probe)
    return False


def _turn(row: Account, wanted: Health, did: Figures, now: datetime) -> bool:
    assert wanted in HEALTH_STEPS[Health(row.health)]
    pauses = {Health.GOOD: 0, Health.PAUSED: row.pauses + 1}.get(wanted, row.pauses)
    try_at = now + _pause(pauses) if wanted is Health.PAUSED else None
    kinds = {
        Health.PAUSED: AccountEventKind.PAUSED,
        Health.TRYING: AccountEventKind.TRIED,
        Health.GOOD: AccountEventKind.WELL,
    }
    with acting_as(row.merchant_id):
        turned = Account.objects.filter(
            merchant_id=row.merchant_id, pk=row.pk, health=row.health
        ).update(health=wanted, health_at=now, pauses=pauses, try_at=try_at)
        if turned:
            event = AccountEvent.objects.create(
                merchant_id=row.merchant_id,
                account_id=row.pk,
                kind=kinds[wanted],
                detail={name: value for name, value in asdict(did).items() if value},
                at=now,
            )
            _tell(row, wanted, event.pk)
    forget_accounts()
    return bool(turned)


def _tell(row: Account, wanted: Health, event_id: int) -> None:
    """Have the staff told that an account is left out, and that it is back: once each.

    One that is tried out and fails again was never back.
    """
    if (Health(row.health), wanted) in (
        (Health.GOOD, Health.PAUSED),
        (Health.TRYING, Health.GOOD),
    ):
        enqueue(
            "payments.tell_health",
            queue="mail",
            merchant_id=row.merchant_id,
            account_uid=row.uid,
            event_id=event_id,
        )


def _pause(pauses: int) -> timedelta:
    doubled: int = 2 ** min(max(pauses - 1, 0), 10)
    return min(PAUSE * doubled, PAUSE_MOST)
