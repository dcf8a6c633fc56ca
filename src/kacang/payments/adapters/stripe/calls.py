"""Stripe's own library, with our way out instead of its own, and its errors in our words."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe

from kacang.payments.ports import AccountInfo, AccountRefused, ProviderSilent, RefundRefused
from kacang.shared.errors import DomainError
from kacang.shared.outbound import OK, Outbound

NAME = "stripe"
API = "https://api.stripe.com"
SECRET_KEY = "secret_key"  # noqa: S105 - the name of a secret, not one
WHY_MAX = 160
# A page of a hundred movements with their charges is longer than an answer may be.
LIST_BYTES_MAX = 8 * 1024 * 1024
LONG = "/v1/balance_transactions"
# What a call must say; the library would add what it runs on.
_HEADERS = frozenset({"authorization", "content-type", "idempotency-key", "stripe-version"})

# The library's only switch for telling about its machine, and for keeping an id for that on disk.
stripe.enable_telemetry = False


class Refusal(Exception):
    """Stripe has understood a call, and does not do it. `why` is in its words.

    Args:
        code: Its own code, such as "resource_missing".
        why: Its sentence.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(code)
        self.code = code
        self.why = why


class _WayOut(stripe.HTTPClient):
    """The library's calls over `Outbound`: guarded, limited in time and size, never repeated."""

    name = "kacang"

    def __init__(self, http: Outbound) -> None:
        super().__init__()
        self._http = http

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Make one call; the answer as text, its status and headers.

        Raises:
            stripe.APIConnectionError: No answer, or one that is no text.
        """
        kept = {name: value for name, value in (headers or {}).items() if name.lower() in _HEADERS}
        try:
            if method == "post":
                answer = self._http.post(url, str(post_data or "").encode(), headers=kept)
            elif LONG in url:
                whole = io.BytesIO()
                answer = self._http.download(url, whole, headers=kept, bytes_max=LIST_BYTES_MAX)
                body = whole.getvalue() if answer.status == OK else answer.body
                return body.decode(), answer.status, answer.headers
            else:
                answer = self._http.get(url, headers=kept)
            return answer.body.decode(), answer.status, answer.headers
        except DomainError as error:
            raise _no_answer(error.code) from error
        except UnicodeDecodeError as error:
            raise _no_answer("not text") from error

    def close(self) -> None:
        """Hold nothing open."""


def _no_answer(why: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(why, code=why)  # type: ignore[no-untyped-call] # theirs


def client_of(account: AccountInfo, http: Outbound) -> stripe.StripeClient:
    """Return the library's client for one account. It keeps nothing between calls."""
    keys = account.secrets.get(SECRET_KEY, ())
    if not keys:
        raise AccountRefused(provider=NAME, why="no secret key")
    return stripe.StripeClient(
        keys[0],
        base_addresses={"api": str(account.options.get("url") or API).rstrip("/")},
        max_network_retries=0,
        http_client=_WayOut(http),
    )


@contextmanager
def understood() -> Iterator[None]:
    """Turn the library's errors into the port's.

    Nothing of theirs is kept but a code and a sentence: they carry the whole answer, and
    sentences about a key show its end.

    Raises:
        ProviderSilent: No answer, a limit, 5xx, a key that is just being used.
        AccountRefused: The key is not known, or may not do this.
        Refusal: It will not do this.
    """
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise AccountRefused(provider=NAME, why=_code(error)) from None
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        raise Refusal(_code(error), str(error.user_message or "")[:WHY_MAX]) from None
    except stripe.StripeError as error:
        raise ProviderSilent(provider=NAME, why=_code(error)) from None


@contextmanager
def unsure() -> Iterator[None]:
    """As `understood`, where a refusal of the account, or of the question, is no answer."""
    try:
        with understood():
            yield
    except AccountRefused as error:
        raise ProviderSilent(**error.detail) from None
    except Refusal as error:
        raise ProviderSilent(provider=NAME, why=error.code) from None


@contextmanager
def refunding() -> Iterator[None]:
    """As `understood`, where a refusal means that no money goes back."""
    try:
        with understood():
            yield
    except Refusal as error:
        raise RefundRefused(provider=NAME, why=error.why or error.code) from None


def _code(error: stripe.StripeError) -> str:
    return str(error.code or error.http_status or "no answer")[:WHY_MAX]
