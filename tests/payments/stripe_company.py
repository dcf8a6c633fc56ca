"""Stripe for tests: the company with an account and an adapter."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kacang.payments.adapters.stripe import Stripe
from kacang.payments.ports import AccountInfo, IncomingMessage, PaymentProvider, Surroundings
from kacang.shared.clock import utc_now
from kacang.shared.outbound import Guard, Outbound
from simulators.payments.company import Deed
from simulators.payments.stripe import Session, StripeCompany, account, new_keys
from tests.payments.accounts import info_of
from tests.payments.contract import MINOR, NUMBER

KEYS = new_keys()


@dataclass
class StripePlayed:
    """The company as the contract plays with it."""

    provider: PaymentProvider
    account: AccountInfo
    stripe: StripeCompany
    is_dated: bool = True

    @property
    def session(self) -> Session:
        return self.stripe.session_of(NUMBER)

    def message(
        self, *, minor: int = MINOR, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        said = {
            "id": f"cs_{serial}", "metadata": {"kacang_payment": NUMBER}, "amount_total": minor,
            "payment_status": "paid" if final else "unpaid", "currency": "cny",
            "payment_intent": f"pi_{serial}",
        }  # fmt: skip
        return self.event("checkout.session.completed", said, id=f"evt_{serial}")

    def event(self, kind: str, said: dict[str, Any], **changes: Any) -> IncomingMessage:
        """An event about anything, rightly signed now."""
        return self.signed(self.stripe.event(kind, said, **changes))

    def signed(self, body: bytes) -> IncomingMessage:
        headers = self.stripe.signed(body, stamp=int(utc_now().timestamp()))
        return IncomingMessage(headers=headers, body=body)

    def changed(self, **changes: Any) -> IncomingMessage:
        """The contract's message with fields of the session changed, rightly signed."""
        said = json.loads(self.message().body)["data"]["object"]
        return self.event("checkout.session.completed", {**said, **changes})

    def signed_nonsense(self) -> IncomingMessage:
        return self.signed(b'{"good": "morning"}')

    def pay(self, minor: int) -> None:
        self.stripe.act(self.session, Deed.LOSE)

    def refunded(self) -> int:
        return self.session.refunded

    def fall_silent(self) -> None:
        self.stripe.mood.is_silent = True


@contextmanager
def played(**options: Any) -> Iterator[StripePlayed]:
    """The company, running."""
    with StripeCompany(KEYS) as company:
        http = Outbound(Guard.build(own_urls=[company.url]), seconds=3)
        adapter = Stripe(Surroundings("http://shop.test", http))
        yield StripePlayed(adapter, info_of(account(KEYS, company.url), **options), company)
