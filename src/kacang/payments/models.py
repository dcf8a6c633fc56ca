"""Three words: payment = an attempt, receipt = money seen, notice = a raw message (rule 11)."""

from enum import IntEnum

from django.db import models

from kacang.payments import refund_models  # noqa: F401 - tables that Django finds here
from kacang.payments.account_models import Health
from kacang.payments.sandbox.books import ChargeState  # noqa: F401 - likewise, and a migration


class PaymentState(IntEnum):
    """What became of an attempt to pay."""

    OPEN = 0
    PAID = 1
    CLOSED = 2
    FAILED = 3


PAYMENT_STEPS = {
    PaymentState.OPEN: frozenset({PaymentState.PAID, PaymentState.CLOSED, PaymentState.FAILED}),
    # Money that arrives late still counts.
    PaymentState.CLOSED: frozenset({PaymentState.PAID}),
    PaymentState.FAILED: frozenset({PaymentState.PAID}),
    PaymentState.PAID: frozenset[PaymentState](),
}


class ReceiptFit(IntEnum):
    """How money that was seen fits the payment it names."""

    FITS = 0
    PARTIAL = 1
    OVER = 2
    SECOND_PAYMENT = 3
    OTHER_CURRENCY = 4
    ANOTHER_PAYMENT = 5  # a provider number that was already used for another payment
    AMOUNT_CHANGED = 6  # the order's price is not what this payment was made for
    UNMATCHED = 7  # no such payment (yet)


class NoticeOutcome(IntEnum):
    """What a notice led to."""

    WAITING = 0
    SETTLED = 1
    REPEATED = 2
    NOT_FINAL = 3
    SUSPENSE = 4
    UNMATCHED = 5


class Account(models.Model):
    """A merchant's account at a payment company, with its own secrets (P1, L9).

    `secrets` is a sealed JSON object; an account without secrets cannot be enabled. Sandbox
    accounts belong only to test and demo merchants, by constraint (rule 14).
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    # The merchant's kind again, so that a constraint can hold a sandbox to trial merchants.
    merchant_kind = models.CharField(max_length=4)
    uid = models.CharField(max_length=32, unique=True)
    provider = models.CharField(max_length=30)
    name = models.CharField(max_length=80)
    enabled = models.BooleanField(default=False)
    currency = models.CharField(max_length=4, default="CNY")
    secrets = models.BinaryField(null=True)
    options = models.JSONField(default=dict)
    position = models.IntegerField(default=0)
    # How often it is taken among the accounts that could be, by chance.
    weight = models.SmallIntegerField(default=100)
    # What it takes: of one payment, and in all of a day. None: any amount.
    amount_min_minor = models.BigIntegerField(null=True)
    amount_max_minor = models.BigIntegerField(null=True)
    day_max_minor = models.BigIntegerField(null=True)
    # What the company keeps of a payment, as far as the merchant knows: shown, never booked.
    fee_bp = models.SmallIntegerField(default=0)
    fee_fixed_minor = models.BigIntegerField(default=0)
    # From where its messages may come; empty: from anywhere.
    networks = models.JSONField(default=list)
    health = models.SmallIntegerField(default=Health.GOOD)
    health_at = models.DateTimeField(null=True)
    # When a paused account is tried again, and how often in a row it was paused.
    try_at = models.DateTimeField(null=True)
    pauses = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "account"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weight__range=(1, 1000)), name="account_weight_known"
            ),
            models.CheckConstraint(
                condition=models.Q(fee_bp__range=(0, 10_000), fee_fixed_minor__gte=0),
                name="account_fee_known",
            ),
            models.CheckConstraint(
                condition=models.Q(health__in=[state.value for state in Health]),
                name="account_health_known",
            ),
            models.CheckConstraint(
                condition=models.Q(enabled=False) | models.Q(secrets__isnull=False),
                name="account_enabled_has_secrets",
            ),
            models.CheckConstraint(
                condition=~models.Q(provider="sandbox")
                | models.Q(merchant_kind__in=("test", "demo")),
                name="account_sandbox_is_trial",
            ),
        ]

    def __str__(self) -> str:
        return self.uid


class Payment(models.Model):
    """One attempt to pay an order. `number` is unique in the installation."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    number = models.CharField(max_length=32)
    order_id = models.BigIntegerField()
    account = models.ForeignKey(Account, models.PROTECT, db_constraint=False)
    state = models.SmallIntegerField(default=PaymentState.OPEN)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    # Book currency per unit of `currency`, in 10^-9; null when they are the same (rule 13).
    rate_nano = models.BigIntegerField(null=True)
    rate_at = models.DateTimeField(null=True)
    # The company's own name of the payment, where it must be asked by that.
    provider_ref = models.CharField(max_length=128, blank=True)
    # What the buyer holds: another device is another payment (rule 11).
    device = models.CharField(max_length=8, blank=True)
    pay_url = models.CharField(max_length=2000, blank=True)
    qr_content = models.CharField(max_length=2000, blank=True)
    # `in_app` and `facts` of the instructions, where there are any.
    shown = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    # When the provider is asked next, and how often it was (P3).
    ask_at = models.DateTimeField(null=True)
    asked = models.SmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payment"
        managed = False

    def __str__(self) -> str:
        return self.number


class Receipt(models.Model):
    """Money seen at a provider, once per `provider_number` of an account."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey(Account, models.PROTECT, db_constraint=False)
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, db_constraint=False)
    payment_number = models.CharField(max_length=64)
    provider_number = models.CharField(max_length=128)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    fit = models.SmallIntegerField(null=True)
    seen_at = models.DateTimeField()
    # A person's decision about money in suspense.
    resolved_at = models.DateTimeField(null=True)
    # How much of it is given back, or asked to be; constraints hold it to what came in.
    back_minor = models.BigIntegerField(default=0)
    # Whether that was an order's money, and not in suspense: then it cannot become the other.
    back_fits = models.BooleanField(null=True)

    class Meta:
        db_table = "receipt"
        managed = False

    def __str__(self) -> str:
        return self.provider_number


class Notice(models.Model):
    """A provider's message as it came, stored once per id and account."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey(Account, models.PROTECT, db_constraint=False)
    notice_id = models.CharField(max_length=128)
    payment_number = models.CharField(max_length=64)
    provider_number = models.CharField(max_length=128)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    is_final = models.BooleanField()
    raw = models.TextField()
    received_at = models.DateTimeField()
    acted_at = models.DateTimeField(null=True)
    outcome = models.SmallIntegerField(default=NoticeOutcome.WAITING)
    tries = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "notice"
        managed = False

    def __str__(self) -> str:
        return self.notice_id


class Forgery(models.Model):
    """How many messages were refused for an account on a day; nothing else is kept of them.

    `count`: with a wrong signature. `strangers`: from where its messages may not come.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey(Account, models.PROTECT, db_constraint=False)
    day = models.DateField()
    count = models.IntegerField(default=0)
    strangers = models.IntegerField(default=0)

    class Meta:
        db_table = "forgery"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "account", "day"], name="forgery_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.count}"


class ProofState(IntEnum):
    """What became of a proof of a bank transfer."""

    WAITING = 0
    CONFIRMED = 1
    REJECTED = 2


PROOF_STEPS = {
    ProofState.WAITING: frozenset({ProofState.CONFIRMED, ProofState.REJECTED}),
    ProofState.CONFIRMED: frozenset[ProofState](),
    # The buyer hands in another one instead.
    ProofState.REJECTED: frozenset[ProofState](),
}


class Proof(models.Model):
    """What a buyer shows for a bank transfer (P1). The file itself is sealed (`kacang.outbox`)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, db_constraint=False)
    state = models.SmallIntegerField(default=ProofState.WAITING)
    file_uid = models.CharField(max_length=32)
    content_type = models.CharField(max_length=40)
    # Why it was not accepted, as the buyer reads it.
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "payment_proof"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "payment"],
                condition=models.Q(state=ProofState.WAITING),
                name="payment_proof_waits_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ProofState]),
                name="payment_proof_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "id"],
                condition=models.Q(state=ProofState.WAITING),
                name="payment_proof_waiting",
            ),
            models.Index(fields=["merchant", "payment"], name="payment_proof_of_payment"),
        ]

    def __str__(self) -> str:
        return self.uid
