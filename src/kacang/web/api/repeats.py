"""The same `Idempotency-Key` does a thing once and gets the same answer (rule 15).

The key is written first, in the transaction of the effect: who comes second at the same time
waits for the first, then gets its answer. What the effect refused is an answer too and is kept;
what was our fault, or came too often, is not: a repeat of that tries again.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from kacang.merchants.keys import cipher_for
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.outbox import idempotency
from kacang.outbox.idempotency import Answer, Slot
from kacang.shared.errors import DomainError
from kacang.web import errors
from kacang.web.api.answers import JSON, answer
from kacang.web.api.keys import Caller
from kacang.web.api.schemas import Output

REPLAYED = "Idempotency-Replayed"
_TOO_MANY = 429
_OUR_FAULT = 500
_REFUSED = 400


Keep = Callable[[Output], Answer]


@dataclass(frozen=True, slots=True)
class Once:
    """An effect, and under which key it is done once.

    `secret` names the member of the answer that opens something: it is kept only sealed under the
    merchant's key, so that a repeat gets the same working answer and the table holds no secret.
    `content` stands for what was sent where the bytes of equal requests may differ. `together`
    does the effect and keeps its answer in one go, beside other requests; None: it did nothing.
    `calls_outside`: the effect may call other companies, so it is done before the transaction of
    its key (L18); cut off in between, it is done again, and must be the same again by itself.
    """

    caller: Caller
    key: str | None
    status: int
    effect: Callable[[], Output]
    secret: str = ""
    content: bytes | None = None
    together: Callable[[Slot, Keep], Output | None] | None = None
    calls_outside: bool = False


def once(request: HttpRequest, wanted: Once) -> HttpResponse:
    """Do the effect, or answer as it was answered before under this key.

    Raises:
        Mismatch: The key was used for another request.
        DomainError: What the effect refuses.
    """
    if wanted.key is None:
        return answer(wanted.effect(), wanted.status)
    slot = slot_of(request, wanted.caller, wanted.key, wanted.content)
    if wanted.together is not None and idempotency.is_usable(slot.key):
        keep = partial(kept_answer, slot, status=wanted.status, secret=wanted.secret)
        body = wanted.together(slot, keep)
        if body is not None:
            return answer(body, wanted.status)
    if wanted.calls_outside:
        wanted = replace(wanted, effect=_done_before(slot, wanted))
    return _in_transaction(slot, wanted)


def _done_before(slot: Slot, wanted: Once) -> Callable[[], Output]:
    """Do an effect unless its key is taken; return one that only tells what came of it."""
    with acting_as(slot.merchant_id):
        if idempotency.kept(slot) is not None:
            return wanted.effect
    try:
        done = wanted.effect()
    except DomainError as error:
        return partial(_raise, error)
    return lambda: done


def _raise(error: DomainError) -> Output:
    raise error


@retry_conflicts
def _in_transaction(slot: Slot, wanted: Once) -> HttpResponse:
    with acting_as(slot.merchant_id):
        before = idempotency.begin(slot)
        if before is not None:
            return _replay(slot, before, wanted.secret)
        try:
            with transaction.atomic():
                body = wanted.effect()
        except DomainError as error:
            status = errors.status_of(error)
            if status == _TOO_MANY or status >= _OUR_FAULT:
                raise
            refusal = errors.problem_body(error)
            idempotency.store(slot, Answer(status, refusal))
            return errors.problem(error)
        idempotency.store(slot, kept_answer(slot, body, status=wanted.status, secret=wanted.secret))
        return answer(body, wanted.status)


def slot_of(request: HttpRequest, caller: Caller, key: str, content: bytes | None = None) -> Slot:
    """Return the place of a key, and the hash of what was asked under it: whoever asks."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    digest.update(request.body if content is None else content)
    return Slot(caller.merchant_id, caller.key_id, key, digest.digest())


def kept_answer(slot: Slot, output: Output, *, status: int, secret: str = "") -> Answer:
    """Return what is kept of an answer: its member `secret` is sealed."""
    body = json.loads(answer(output, status).content)
    if secret:
        plain = str(body[secret]).encode()
        cipher = cipher_for(slot.merchant_id)
        sealed = cipher.seal("idempotency", secret, plain, slot.request_hash)
        body[secret] = base64.b64encode(sealed).decode("ascii")
    return Answer(status, body)


def _replay(slot: Slot, before: Answer, secret: str) -> HttpResponse:
    body = dict(before.response)
    refused = before.status >= _REFUSED
    if secret and not refused:
        sealed = base64.b64decode(body[secret])
        opened = cipher_for(slot.merchant_id).open("idempotency", secret, sealed, slot.request_hash)
        body[secret] = opened.decode()
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        status=before.status,
        content_type=errors.PROBLEM if refused else JSON,
    )
    response.headers[REPLAYED] = "true"
    return response
