"""The books of the sandbox, the payment company of trials: another company's memory."""

from enum import IntEnum

from django.db import models


class ChargeState(IntEnum):
    """What the sandbox knows of a payment."""

    OPEN = 0
    PAID = 1
    FAILED = 2
    CLOSED = 3


CHARGE_STEPS = {
    ChargeState.OPEN: frozenset({ChargeState.PAID, ChargeState.FAILED, ChargeState.CLOSED}),
    # A buyer may try again after a failure, as at a real cashier.
    ChargeState.FAILED: frozenset({ChargeState.PAID, ChargeState.CLOSED}),
    ChargeState.CLOSED: frozenset[ChargeState](),
    ChargeState.PAID: frozenset[ChargeState](),
}


class RefundMode(IntEnum):
    """What the sandbox does when it is asked to give a payment's money back."""

    AT_ONCE = 0
    LATER = 1  # pending first, done some seconds later
    FAILS_LATER = 2  # pending first, failed some seconds later
    REFUSES = 3
    IS_SILENT = 4  # it does it, and its answer is lost


class SandboxCharge(models.Model):
    """The books of the sandbox, the payment company of trials.

    It is another company's memory, kept here because trials need no second server: nothing but
    the sandbox reads it, and the shop learns of it by notices and questions over HTTP alone.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey("payments.Account", models.PROTECT, db_constraint=False)
    payment_number = models.CharField(max_length=64)
    provider_number = models.CharField(max_length=32)
    state = models.SmallIntegerField(default=ChargeState.OPEN)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    # What was really paid, when the buyer chose to pay something else.
    paid_minor = models.BigIntegerField(null=True)
    paid_currency = models.CharField(max_length=4, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    paid_at = models.DateTimeField(null=True)
    refund_mode = models.SmallIntegerField(default=RefundMode.AT_ONCE)

    class Meta:
        db_table = "sandbox_charge"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "account", "payment_number"], name="sandbox_charge_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ChargeState]),
                name="sandbox_charge_state_known",
            ),
        ]

    def __str__(self) -> str:
        return self.payment_number


class SandboxRefund(models.Model):
    """Money that the sandbox gave back, or is about to. `refund_number` "": at its own website."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey("payments.Account", models.PROTECT, db_constraint=False)
    charge = models.ForeignKey(SandboxCharge, models.PROTECT, db_constraint=False)
    refund_number = models.CharField(max_length=64, blank=True)
    provider_number = models.CharField(max_length=32)
    # "pending", "done" or "failed".
    status = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "sandbox_refund"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "account", "refund_number"],
                condition=~models.Q(refund_number=""),
                name="sandbox_refund_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=("pending", "done", "failed")),
                name="sandbox_refund_status_known",
            ),
        ]

    def __str__(self) -> str:
        return self.provider_number
