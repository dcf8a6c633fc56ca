"""Companies that are a program at an address which the merchant names."""

import json
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from kacang.payments.ports import AccountField, BadNotice, BadSecrets, PayInstructions
from kacang.payments.ports import ProviderSilent as Silent
from kacang.shared.errors import DomainError
from kacang.shared.outbound import OK, Answer, Guard, Outbound

GATEWAY = "gateway"
GATEWAY_FIELD = AccountField(
    GATEWAY,
    "Address of the gateway",
    "网关地址",
    hint="Begins with https:// and ends before the first path of the interface.",
    hint_zh="以 https:// 开头，到接口路径之前为止。",
)
ADDRESS_MAX = 200
WHY_MAX = 200
DIGITS_MAX = 40


def gateway_of(options: Mapping[str, Any], http: Outbound) -> str:
    """Return where an account's gateway is, without a final slash.

    Keys and answers that are not signed travel there: without TLS only to a place that the
    operator has allowed by name or network.

    Raises:
        BadSecrets: It is no such address.
    """
    text = options.get(GATEWAY)
    if not isinstance(text, str) or not 0 < len(text) <= ADDRESS_MAX or not text.isascii():
        raise BadSecrets(field=GATEWAY)
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadSecrets(field=GATEWAY) from None
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and _is_own_ground(http.guard, host, port or 80)
    )
    if not is_safe or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise BadSecrets(field=GATEWAY)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


@contextmanager
def filled_in(provider: str) -> Iterator[None]:
    """Take an account that could not be enabled now for a company that does not answer.

    So it is when the operator has closed the network in which its gateway stands.

    Raises:
        ProviderSilent: Instead of BadSecrets.
    """
    try:
        yield
    except BadSecrets as error:
        raise Silent(provider=provider, why=error.code) from error


def answered(
    provider: str, call: Callable[[], Answer], *, read: Container[int] = (OK,)
) -> dict[str, Any]:
    """Make a call and return the object that is answered, its numbers as they were written.

    Raises:
        ProviderSilent: No answer, a status that is not among those to `read`, or no object.
    """
    try:
        answer = call()
        if answer.status not in read:
            raise Silent(provider=provider, status=answer.status)
        return object_of(answer.body)
    except DomainError as error:
        if isinstance(error, Silent):
            raise
        raise Silent(provider=provider, why=error.code) from error


def object_of(body: bytes) -> dict[str, Any]:
    """Read a JSON object, as `value_of`.

    Raises:
        BadNotice: It is none.
    """
    said = value_of(body)
    if not isinstance(said, dict):
        raise BadNotice(field="body")
    return said


def value_of(body: bytes) -> Any:
    """Read JSON. Whole and broken numbers are `Decimal`: `1.10` stays 1.10.

    Raises:
        BadNotice: It is none.
    """
    try:
        return json.loads(
            body.decode(), parse_int=_number, parse_float=_number, parse_constant=_no_number
        )
    # ValueError covers broken UTF-8 and broken JSON; a number may be too large for Decimal.
    except (ValueError, ArithmeticError, RecursionError):
        raise BadNotice(field="body") from None


def text_of(said: Mapping[str, Any], name: str) -> str:
    """Return a field of an answer as text: "" when it is missing or not one value."""
    value = said.get(name)
    if isinstance(value, str):
        return value
    return format(value, "f") if isinstance(value, Decimal) else ""


def why_of(said: Mapping[str, Any], name: str, secrets: Mapping[str, tuple[str, ...]]) -> str:
    """Return what a company says about a failure, without any secret that it repeats."""
    words = text_of(said, name)
    for value in (value for values in secrets.values() for value in values if value):
        words = words.replace(value, "…")
    return words[:WHY_MAX]


def page_of(url: str) -> str:
    """Return `url` if a browser can be sent there, else ""."""
    return url if url.startswith(("https://", "http://")) else ""


def paid_at(url: str = "", qr_content: str = "", ref: str = "", **facts: str) -> PayInstructions:
    """Return how a payment is paid, at a page or by a code."""
    return PayInstructions(
        pay_url=page_of(url), qr_content=qr_content, provider_ref=ref, facts=facts
    )


def _is_own_ground(guard: Guard, host: str, port: int) -> bool:
    if (host, port) in guard.own:
        return True
    try:
        return any(ip_address(host) in network for network in guard.networks)
    except ValueError:
        # A bare name resolves nowhere but in the operator's own network.
        return bool(guard.networks) and "." not in host


def _number(text: str) -> Decimal:
    """Read a number that may be written out: 1e999999999 would fill the memory."""
    value = Decimal(text)
    if abs(value.adjusted()) > DIGITS_MAX:
        raise ValueError(text[:DIGITS_MAX])
    return value


def _no_number(text: str) -> Decimal:
    raise ValueError(text)
