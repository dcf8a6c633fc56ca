"""Wallets, what is frozen in them, and what was done with them (F3).

How much a wallet holds is stored nowhere: it is the sum of the ledger's transfers on the account
of wallets whose owner is the wallet.
"""

from enum import IntEnum

from django.db import models


class OwnerKind(IntEnum):
    """Whose wallet it is. Numbers are never reused."""

    CUSTOMER = 1  # `owner_ref` is a verified e-mail address or phone number
    RESELLER = 2  # `owner_ref` is its uid


class WalletState(IntEnum):
    """Whether a wallet may pay."""

    OPEN = 0
    BLOCKED = 1  # money may come in, none goes out


class FrozenState(IntEnum):
    """What became of a frozen sum."""

    HELD = 0
    RELEASED = 1
    TAKEN = 2


FROZEN_STEPS = {
    FrozenState.HELD: frozenset({FrozenState.RELEASED, FrozenState.TAKEN}),
    FrozenState.RELEASED: frozenset[FrozenState](),
    FrozenState.TAKEN: frozenset[FrozenState](),
}


class DeedKind(IntEnum):
    """What was done with a wallet that no other document tells."""

    DEPOSITED = 1  # money that a person has seen at the bank, or in cash
    GIFT_CARD = 2


class WithdrawalState(IntEnum):
    """How far paying money out of a wallet has come."""

    ASKED = 0  # the sum is held; somebody has to approve it
    APPROVED = 1  # somebody has to pay it
    PAID = 2
    REFUSED = 3
    CANCELLED = 4  # by the customer, while it waited
    RETURNED = 5  # it was not to be paid, or came back: the money is in the wallet again


_W = WithdrawalState
WITHDRAWAL_STEPS = {
    _W.ASKED: frozenset({_W.APPROVED, _W.REFUSED, _W.CANCELLED}),
    _W.APPROVED: frozenset({_W.PAID, _W.RETURNED}),
    # A bank sends back, days later, what it has taken.
    _W.PAID: frozenset({_W.RETURNED}),
    _W.REFUSED: frozenset[WithdrawalState](),
    _W.CANCELLED: frozenset[WithdrawalState](),
    _W.RETURNED: frozenset[WithdrawalState](),
}


class PayoutTo(IntEnum):
    """Where a customer's money is paid to."""

    BANK = 1
    ALIPAY = 2
    OTHER = 3


class Wallet(models.Model):
    """One owner's money at one merchant, in one currency."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    owner_kind = models.SmallIntegerField()
    # Stored normal, so that it is found by = only (rule 16).
    owner_ref = models.CharField(max_length=254)
    currency = models.CharField(max_length=4)
    state = models.SmallIntegerField(default=WalletState.OPEN)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "wallet"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "owner_kind", "owner_ref", "currency"], name="wallet_once"
            ),
            models.CheckConstraint(
                condition=models.Q(owner_kind__in=[kind.value for kind in OwnerKind]),
                name="wallet_owner_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in WalletState]),
                name="wallet_state_known",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="wallet_newest")]

    def __str__(self) -> str:
        return self.uid


class Frozen(models.Model):
    """A sum that stays in the wallet and cannot be spent."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    wallet = models.ForeignKey(Wallet, models.PROTECT, db_constraint=False)
    amount_minor = models.BigIntegerField()
    state = models.SmallIntegerField(default=FrozenState.HELD)
    reason = models.CharField(max_length=300)
    # A form's own name: sent again it freezes nothing more. Null: it has none.
    once = models.CharField(max_length=64, null=True)  # noqa: DJ001 - null: it has none
    actor_label = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wallet_frozen"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "once"], name="wallet_frozen_once"),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0), name="wallet_frozen_is_something"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in FrozenState]),
                name="wallet_frozen_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "wallet"],
                condition=models.Q(state=FrozenState.HELD),
                name="wallet_frozen_held",
            )
        ]

    def __str__(self) -> str:
        return self.uid


class Deed(models.Model):
    """Why money came into a wallet, where no order says it. Added, never changed."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    wallet = models.ForeignKey(Wallet, models.PROTECT, db_constraint=False)
    kind = models.SmallIntegerField()
    # What makes it happen once: a form's token, a card's uid.
    once = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    # Who has done it: they do not approve alone what goes out again.
    actor_kind = models.CharField(max_length=10, blank=True, default="", db_default="")
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "wallet_deed"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind", "once"], name="wallet_deed_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in DeedKind]),
                name="wallet_deed_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id} {self.kind}"


class Withdrawal(models.Model):
    """Money that its owner wants out of a wallet; the sum is frozen until it is decided."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    wallet = models.ForeignKey(Wallet, models.PROTECT, db_constraint=False)
    frozen = models.ForeignKey(Frozen, models.PROTECT, db_constraint=False)
    state = models.SmallIntegerField(default=WithdrawalState.ASKED)
    amount_minor = models.BigIntegerField()
    # Whereto: a sealed JSON object, and what may be shown of it.
    to_kind = models.SmallIntegerField()
    to_sealed = models.BinaryField()
    to_mask = models.CharField(max_length=80)
    # The form's own name: sent again it asks for nothing more.
    once = models.CharField(max_length=64)
    language = models.CharField(max_length=8)
    asked_at = models.DateTimeField()
    # Who approved it, where one person is not enough: the first of two.
    first_id = models.BigIntegerField(null=True)
    first_by = models.CharField(max_length=120, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    # Why it was refused or given back, as the customer reads it.
    reason = models.CharField(max_length=300, blank=True)
    # The payout: its number at the bank, what that cost the merchant, and a sealed file.
    payout_ref = models.CharField(max_length=64, blank=True)
    paid_by = models.CharField(max_length=120, blank=True)
    paid_at = models.DateTimeField(null=True)
    fee_minor = models.BigIntegerField(default=0)
    proof_uid = models.CharField(max_length=32, blank=True)
    proof_type = models.CharField(max_length=40, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wallet_withdrawal"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "once"], name="wallet_withdrawal_once"),
            models.UniqueConstraint(fields=["merchant", "frozen"], name="wallet_withdrawal_holds"),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0, fee_minor__gte=0),
                name="wallet_withdrawal_is_something",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in WithdrawalState]),
                name="wallet_withdrawal_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(to_kind__in=[kind.value for kind in PayoutTo]),
                name="wallet_withdrawal_to_known",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="wallet_withdrawal_newest"),
            models.Index(fields=["merchant", "state", "-id"], name="wallet_withdrawal_waiting"),
            models.Index(fields=["merchant", "wallet", "-id"], name="wallet_withdrawal_of"),
        ]

    def __str__(self) -> str:
        return self.uid


class EntryCode(models.Model):
    """That a one-time code went to a customer's address.

    The code itself is reckoned from `uid` under the merchant's key, and stands nowhere.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    owner_ref = models.CharField(max_length=254)
    language = models.CharField(max_length=8)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wallet_code"
        indexes = [models.Index(fields=["merchant", "owner_ref"], name="wallet_code_of_owner")]

    def __str__(self) -> str:
        return self.uid


class Session(models.Model):
    """That a browser has proved to be a customer's, for a while; only the token's hash is kept."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    token_hash = models.BinaryField(max_length=32)
    owner_ref = models.CharField(max_length=254)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "wallet_session"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "token_hash"], name="wallet_session_once")
        ]

    def __str__(self) -> str:
        return f"session until {self.expires_at}"
