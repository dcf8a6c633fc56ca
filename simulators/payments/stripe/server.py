"""Stripe's API and messages: keys that are looked at, calls that are repeated, misbehaviour."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from simulators.payments.company import Asked, Company, Deed, RefundWay, Said, page, tell
from simulators.payments.stripe import signing
from simulators.payments.stripe.books import Refund, Session, movements, new_id

ZERO_DECIMAL = frozenset({"jpy", "krw"})
OPEN_SECONDS_MIN, OPEN_SECONDS_MAX = 1800, 86400
MISSING, LIMIT = 404, 100
_Fields = dict[str, Any]


class StripeCompany(Company):
    """Stripe with one merchant's account in test mode.

    Args:
        keys: What `new_keys` made.
        callback_url: Where messages go; "" while nobody listens.
        tell: How a message is sent: a test may carry it itself.
        place: `host` and `port`.
    """

    def __init__(
        self,
        keys: Mapping[str, Any],
        *,
        callback_url: str = "",
        tell: Callable[[str, bytes, Mapping[str, str]], tuple[int, bytes]] = tell,
        **place: Any,
    ) -> None:
        super().__init__(**place)
        self.secret_key = str(keys["secret_key"])
        # Two while one is being changed for the other.
        self.webhook_secrets = [str(keys["webhook_secret"])]
        self.callback_url = callback_url
        self.sessions: dict[str, Session] = {}
        self.late: list[bytes] = []
        self._tell = tell
        self._answers: dict[str, tuple[bytes, Said]] = {}

    # What people do.

    def session_of(self, number: str) -> Session:
        """Return the session of a payment by the shop's number."""
        return next(one for one in self.sessions.values() if one.reference == number)

    def visit(self, asked: Asked) -> Said | None:
        """Show Checkout's page, or do what was clicked there."""
        if not asked.path.startswith("/c/pay/"):
            return None
        session = self.sessions.get(asked.path.removeprefix("/c/pay/"))
        if session is None:
            return Said(b"no such session", "text/plain", MISSING)
        if asked.method == "POST":
            self.act(session, Deed(asked.form().get("deed", "pay")))
        digits = 0 if session.currency in ZERO_DECIMAL else 2
        return page(
            title="Stripe",
            what=session.name,
            amount=f"{session.currency.upper()} {session.minor / 10**digits:.{digits}f}",
            state=f"{session.status}, {session.payment_status}",
            action=asked.path,
            is_open=session.status == "open",
            back=session.back_url,
        )

    def act(self, session: Session, deed: Deed) -> list[tuple[int, bytes]]:
        """Do something with a session; return what the shop answered to each message."""
        if deed is Deed.FAIL:
            session.status = "expired"
            return self.send(self.event("checkout.session.expired", session.shown()))
        session.minor += {Deed.LESS: -1, Deed.MORE: 1}.get(deed, 0)
        if deed is Deed.CURRENCY:
            session.currency = "usd"
        session.status, session.payment_status = "complete", "paid"
        session.paid_at = int(time.time())
        event = self.event("checkout.session.completed", session.shown())
        if deed is Deed.LOSE:
            return []
        if deed is Deed.LATE:
            self.late.append(event)
            return []
        if deed is Deed.FORGED:
            return self.send(event, forged=True)
        answers = self.send(event)
        answers += self.send(self.event("payment_intent.succeeded", {"id": session.intent}))
        for _ in range(4 if deed is Deed.REPEAT else 0):
            answers += self.send(event)
        if deed is Deed.UNORDERED:
            before = session.shown(payment_status="unpaid")
            answers += self.send(self.event("checkout.session.completed", before))
        return answers

    def act_slowly(self, session: Session, *, succeeds: bool) -> list[tuple[int, bytes]]:
        """Pay by a way whose money comes later: completed first, then paid or not."""
        session.status = "complete"
        answers = self.send(self.event("checkout.session.completed", session.shown()))
        if succeeds:
            session.payment_status, session.paid_at = "paid", int(time.time())
        word = "succeeded" if succeeds else "failed"
        return answers + self.send(
            self.event(f"checkout.session.async_payment_{word}", session.shown())
        )

    def refund_by_hand(self, session: Session, minor: int) -> list[tuple[int, bytes]]:
        """Give money back at Stripe's website: the shop hears of the charge alone."""
        before = session.refunded
        session.refunds.append(Refund(session, minor, {}))
        made = session.refunds[-1].shown()
        answers = self.send(self.event("refund.created", made))
        return answers + self.send(self._charge_refunded(session, before, None))

    def deliver(self) -> list[tuple[int, bytes]]:
        """Send the messages that are late."""
        waiting, self.late = self.late, []
        return [answer for one in waiting for answer in self.send(one)]

    def finish_refunds(self) -> None:
        """Let what is pending end as the mood says; the news are late."""
        for session in self.sessions.values():
            for one in session.refunds:
                if one.status == "pending":
                    fails = self.mood.refunds is RefundWay.FAILS_LATER
                    one.status = "failed" if fails else "succeeded"
                    kind = "refund.failed" if fails else "refund.updated"
                    self.late.append(self.event(kind, one.shown()))

    def forget_calls(self) -> None:
        """Let the keys of repeated calls be forgotten, as after a day."""
        self._answers.clear()

    # What it says.

    def event(
        self,
        kind: str,
        said: _Fields,
        *,
        key: str | None = None,
        previous: _Fields | None = None,
        **changes: Any,
    ) -> bytes:
        """Return an event as it is sent."""
        data = {"object": said} if previous is None else {
            "object": said, "previous_attributes": previous,
        }  # fmt: skip
        event = {
            "id": new_id("evt"),
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "livemode": False,
            "data": data,
            "request": {"id": None, "idempotency_key": key},
            **changes,
        }
        return json.dumps(event, indent=2).encode()

    def signed(self, body: bytes, *, stamp: int | None = None) -> dict[str, str]:
        """Return the headers under which a message goes to the shop."""
        at = int(time.time()) if stamp is None else stamp
        value = signing.header(self.webhook_secrets, at, body.decode())
        return {"content-type": "application/json; charset=utf-8", "stripe-signature": value}

    def send(self, body: bytes, *, forged: bool = False) -> list[tuple[int, bytes]]:
        """Send one message, if anybody listens."""
        if not self.callback_url:
            return []
        headers = self.signed(body)
        if forged:
            headers["stripe-signature"] = f"t={int(time.time())},v1={'0' * 64}"
        return [self._tell(self.callback_url, body, headers)]

    def _charge_refunded(self, session: Session, before: int, key: str | None) -> bytes:
        charge = session.shown_charge()
        grown = {"amount_refunded": before}
        return self.event("charge.refunded", charge, key=key, previous=grown)

    # What it is asked.

    def answer(self, asked: Asked) -> Said:
        """Answer a call to the API."""
        if asked.headers.get("authorization") != f"Bearer {self.secret_key}":
            end = asked.headers.get("authorization", "")[-4:]
            return _error(401, "", f"Invalid API Key provided: sk_test_****{end}")
        with self.lock:
            if asked.method == "GET":
                return self._look(asked)
            key = asked.headers.get("idempotency-key", "")
            if key in self._answers:
                body, said = self._answers[key]
                if body != asked.body:
                    return _error(400, "", "Keys for idempotent requests can only be used with "
                                  "the same parameters", kind="idempotency_error")  # fmt: skip
                return said
            said = self._do(asked, signing.nested(asked.body.decode()), key)
            if key and said.status == 200:  # noqa: PLR2004 - done
                self._answers[key] = (asked.body, said)
            return said

    def _look(self, asked: Asked) -> Said:
        names = asked.path.removeprefix("/v1/").split("/")
        query = signing.nested(asked.query)
        if names[0] == "balance_transactions":
            return self._movements(query)
        if names == ["checkout", "sessions"]:
            return _list([one.shown() for one in self.sessions.values()], query)
        if names[:2] == ["checkout", "sessions"]:
            session = self.sessions.get(names[2])
            return _object(session.shown()) if session else _missing(names[2])
        refunds = [one for session in self.sessions.values() for one in session.refunds]
        if names == ["refunds"]:
            ours = [one for one in refunds if one.session.intent == query.get("payment_intent")]
            return _list([one.shown() for one in ours], query)
        for one in refunds:
            if names == ["refunds", one.id]:
                return _object(one.shown())
        return _missing(names[-1])

    def _movements(self, query: _Fields) -> Said:
        span = query["created"]
        found = movements(
            list(self.sessions.values()), int(span["gte"]), int(span["lt"]), self.mood.bill
        )
        return _list(found, query)

    def _do(self, asked: Asked, form: _Fields, key: str) -> Said:
        names = asked.path.removeprefix("/v1/").split("/")
        if names == ["checkout", "sessions"]:
            return self._make(form)
        if names == ["refunds"]:
            return self._refund(form, key)
        if names[:2] == ["checkout", "sessions"] and names[-1] == "expire":
            session = self.sessions.get(names[2])
            if session is None:
                return _missing(names[2])
            if session.status != "open":
                return _error(400, "", "Only Checkout Sessions with a status in [open] can be "
                              "expired.")  # fmt: skip
            session.status = "expired"
            return _object(session.shown())
        return _missing(asked.path)

    def _make(self, form: _Fields) -> Said:
        item = form["line_items"]["0"]
        price = item["price_data"]
        minor = int(price["unit_amount"]) * int(item["quantity"])
        expires_at = int(form.get("expires_at") or time.time() + OPEN_SECONDS_MAX)
        if not OPEN_SECONDS_MIN <= expires_at - time.time() <= OPEN_SECONDS_MAX + 1:
            why = "The `expires_at` timestamp must be between 30 minutes and 24 hours from now."
            return _error(400, "parameter_invalid_integer", why)
        if minor <= 0 or not form.get("success_url"):
            return _error(400, "parameter_missing", "Missing required param.")
        session = Session(
            self.url,
            minor,
            price["currency"],
            price["product_data"]["name"],
            form.get("client_reference_id", ""),
            form.get("metadata", {}),
            form.get("payment_intent_data", {}).get("metadata", {}),
            form["success_url"],
            expires_at,
            id=new_id("cs_test"),
        )
        self.sessions[session.id] = session
        return _object(session.shown())

    def _refund(self, form: _Fields, key: str) -> Said:
        intent = form.get("payment_intent", "")
        paid = (one for one in self.sessions.values() if one.intent == intent and one.paid_at)
        session = next(paid, None)
        if session is None:
            return _missing(intent)
        minor = int(form.get("amount") or session.minor)
        before = session.refunded
        if not 0 < minor <= session.minor - before:
            return _error(400, "", "Refund amount is greater than unrefunded amount on charge.")
        at_once = self.mood.refunds is RefundWay.AT_ONCE
        made = Refund(session, minor, form.get("metadata", {}))
        made.status = "succeeded" if at_once else "pending"
        session.refunds.append(made)
        self.late.append(self.event("refund.created", made.shown(), key=key))
        self.late.append(self._charge_refunded(session, before, key))
        return _object(made.shown())


def _object(said: _Fields) -> Said:
    return Said(json.dumps(said, indent=2).encode(), headers={"Request-Id": new_id("req")})


def _list(rows: list[_Fields], query: _Fields) -> Said:
    """Return a page of rows after `starting_after`."""
    names = [row["id"] for row in rows]
    after = query.get("starting_after")
    start = names.index(after) + 1 if after else 0
    limit = min(int(query.get("limit", 10)), LIMIT)
    shown = rows[start : start + limit]
    has_more = start + limit < len(rows)
    return _object({"object": "list", "data": shown, "has_more": has_more, "url": "/v1/list"})


def _missing(name: str) -> Said:
    return _error(MISSING, "resource_missing", f"No such object: '{name}'")


def _error(status: int, code: str, message: str, kind: str = "invalid_request_error") -> Said:
    said = {"error": {"type": kind, "code": code or None, "message": message}}
    return Said(json.dumps(said).encode(), status=status)
