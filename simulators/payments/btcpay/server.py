"""A BTCPay Server with one store: invoices, checkout page, webhooks that are redelivered."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs

from simulators.payments.btcpay.books import Invoice, new_id
from simulators.payments.company import Asked, Company, Deed, Said, page, tell

CENT = Decimal("0.01")
EVENTS = {"Settled": "InvoiceSettled", "Expired": "InvoiceExpired", "Invalid": "InvoiceInvalid"}


def signature(secret: str, body: bytes) -> str:
    """Return the header `BTCPay-Sig` of a message."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


class Server(Company):
    """One server with one store. `mood` is how it behaves.

    Args:
        keys: `store_id`, `api_key` and `webhook_secret`, as `new_keys` makes them.
        callback_url: Where the store's webhook goes; "" while there is none.
        late_seconds: After how long a late message is told by itself; None: `deliver` does it.
    """

    def __init__(self, keys: Mapping[str, Any], callback_url: str = "", **options: Any) -> None:
        self.late_seconds: float | None = options.pop("late_seconds", None)
        self.keys = dict(keys)
        self.callback_url = callback_url
        self.invoices: dict[str, Invoice] = {}
        self.untold: list[Invoice] = []
        super().__init__(**options)

    def pay(self, invoice: Invoice, deed: Deed = Deed.PAY) -> list[tuple[int, bytes]]:
        """Do what somebody does with a wallet; return what the shop answered."""
        with self.lock:
            if invoice.status != "New":
                return []
            _happens(invoice, deed)
            if deed is Deed.LATE:
                self.untold.append(invoice)
                if self.late_seconds is not None:
                    threading.Timer(self.late_seconds, self.deliver).start()
        if deed in {Deed.LOSE, Deed.LATE}:
            return []
        is_forged = deed is Deed.FORGED
        told = [
            self.tell_of(invoice, is_forged=is_forged, is_again=place > 0)
            for place in range(5 if deed is Deed.REPEAT else 1)
        ]
        if deed is Deed.UNORDERED:
            told.append(self.tell_of(invoice, type="InvoiceProcessing", overPaid=False))
        return told

    def deliver(self) -> list[tuple[int, bytes]]:
        """Tell what is late, and again whatever was not answered with success."""
        with self.lock:
            waiting, self.untold = self.untold, []
        return [self.tell_of(invoice, is_again=True) for invoice in waiting]

    def tell_of(
        self,
        invoice: Invoice,
        *,
        is_forged: bool = False,
        is_again: bool = False,
        **changes: Any,
    ) -> tuple[int, bytes]:
        """Send one message about an invoice."""
        if not self.callback_url:
            return 0, b""
        body = self.message(invoice, is_again=is_again, **changes)
        signed = signature("" if is_forged else self.keys["webhook_secret"], body)
        headers = {"content-type": "application/json", "BTCPay-Sig": signed}
        answer = tell(self.callback_url, body, headers)
        if not 200 <= answer[0] < 300 and not is_forged:  # noqa: PLR2004
            self.untold.append(invoice)
        return answer

    def message(self, invoice: Invoice, *, is_again: bool = False, **changes: Any) -> bytes:
        """Return what the shop is told about an invoice."""
        delivery = new_id()
        said = {
            "deliveryId": delivery,
            "webhookId": "w1",
            "originalDeliveryId": f"first-of-{invoice.id}" if is_again else delivery,
            "isRedelivery": is_again,
            "type": EVENTS.get(invoice.status, "InvoiceReceivedPayment"),
            "timestamp": int(time.time()),
            "storeId": self.keys["store_id"],
            "invoiceId": invoice.id,
            "metadata": invoice.metadata,
            **changes,
        }
        return json.dumps(said).encode()

    def visit(self, asked: Asked) -> Said | None:
        """Serve the checkout page of an invoice."""
        if not asked.path.startswith("/i/"):
            return None
        invoice = self.invoices.get(asked.path.removeprefix("/i/"))
        if invoice is None:
            return Said(b"Invoice not found", "text/plain", 404)
        if asked.method == "POST":
            self.pay(invoice, Deed(asked.form().get("deed", "pay")))
        return page(
            title="BTCPay Server",
            what=str(invoice.metadata.get("itemDesc") or invoice.id),
            amount=f"{invoice.amount} {invoice.currency}",
            state=f"{invoice.status} ({invoice.besides})",
            action=asked.path,
            is_open=invoice.status == "New",
            back=invoice.back_url,
        )

    def answer(self, asked: Asked) -> Said:
        """Answer the shop."""
        if asked.headers.get("authorization") != f"token {self.keys['api_key']}":
            said = {"code": "unauthenticated", "message": "Authentication is required"}
            return _json(said, 401)
        store = f"/api/v1/stores/{self.keys['store_id']}/"
        if not asked.path.startswith(store):
            return _json({"code": "store-not-found", "message": "The store was not found"}, 404)
        what, _, name = asked.path.removeprefix(store).partition("/")
        if asked.method == "POST":
            made = {"invoices": self._create, "webhooks": self._webhook}.get(what)
            return made(json.loads(asked.body)) if made and not name else _nothing()
        if what != "invoices":
            return _nothing()
        if name:
            found = self.invoices.get(name)
            return _json(found.told(self.url)) if found else _nothing()
        wanted = parse_qs(asked.query).get("orderId")
        return _json([
            invoice.told(self.url)
            for invoice in self.invoices.values()
            if wanted is None or invoice.metadata.get("orderId") in wanted
        ])  # fmt: skip

    def _create(self, said: dict[str, Any]) -> Said:
        try:
            amount = Decimal(said["amount"])
        except (KeyError, InvalidOperation, TypeError):
            return _json([{"path": "amount", "message": "Invalid amount"}], 422)
        checkout, now = said.get("checkout") or {}, int(time.time())
        expires = now + 60 * int(checkout.get("expirationMinutes", 15))
        invoice = Invoice(
            amount=amount,
            currency=said["currency"],
            metadata=said.get("metadata") or {},
            back_url=checkout.get("redirectURL") or "",
            expires=expires,
            until=expires + 60 * int(checkout.get("monitoringMinutes", 1440)),
        )
        self.invoices[invoice.id] = invoice
        return _json(invoice.told(self.url))

    def _webhook(self, said: dict[str, Any]) -> Said:
        self.callback_url = said["url"]
        self.keys["webhook_secret"] = said.get("secret") or self.keys["webhook_secret"]
        return _json({"id": "w1", "enabled": True, **said})


def _happens(invoice: Invoice, deed: Deed) -> None:
    if deed is Deed.FAIL:
        invoice.status = "Invalid"
        return
    wrong = {Deed.LESS: -CENT, Deed.MORE: CENT}.get(deed, Decimal(0))
    invoice.receive(invoice.amount + wrong)
    if deed is Deed.LESS:
        invoice.stop_watching()
    if deed is Deed.CURRENCY:
        invoice.currency = "EUR" if invoice.currency != "EUR" else "USD"


def _json(said: object, status: int = 200) -> Said:
    return Said(json.dumps(said, ensure_ascii=False).encode(), status=status)


def _nothing() -> Said:
    return _json({"code": "not-found", "message": "Not found"}, 404)
