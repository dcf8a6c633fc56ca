"""Whose rows a transaction may see.

Every tenant table has a policy that compares its `merchant_id` with the setting
`kacang.merchant` (rule 16). The setting is made with the transaction and ends with it: one that
outlived it would leak to whoever uses the connection next (rule 17).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from django.db import connection, transaction
from psycopg import OperationalError
from psycopg.pq import ExecStatus

_acting: ContextVar[int | None] = ContextVar("kacang_acting_as", default=None)
_reach: ContextVar[frozenset[str] | None] = ContextVar("kacang_reach", default=None)
REACH_WORD = re.compile(r"[ms][0-9]{1,19}|[a-z_]{1,10}")
# No order is this member's: whoever may see none sees none.
NOBODY = "m0"


def current_merchant_id() -> int | None:
    """Return the merchant of the transaction that is open here, if one is."""
    return _acting.get()


# The large statements of the hot path are planned once per connection, and by index: planning
# them for each call costs more than running them, and a plan made while the tables were small
# must not read them whole when they are large: row by row through an index, never by a hash of all.
HOT = (
    b"; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off"
    b"; set local enable_hashjoin = off; set local enable_mergejoin = off"
)

# Of a list that an index has in order already, the first rows are read there. The planner takes a
# merchant's share of one account for the product of two small shares, thinks the rows few, and
# would read and sort them all.
IN_ORDER = b"; set local enable_sort = off; set local enable_bitmapscan = off"


def current_reach() -> frozenset[str] | None:
    """Return to which orders the work that is done here reaches; None: to all."""
    return _reach.get()


@contextmanager
def reaching(words: frozenset[str] | None) -> Iterator[None]:
    """Let transactions that begin within see only those orders that one of `words` names.

    The database itself holds it (a policy on orders, and on refunds by their order): whatever a
    page asks for, an order out of reach is not there. `words` are of `powers.Powers.reach`.
    """
    token = reach_from_here(words)
    try:
        yield
    finally:
        _reach.reset(token)


def reach_from_here(words: frozenset[str] | None) -> Token[frozenset[str] | None]:
    """Do what `reaching` does until the end of this job or thread of work."""
    assert not connection.in_atomic_block
    assert all(REACH_WORD.fullmatch(word) for word in words or ()), words
    return _reach.set(words)


@contextmanager
def acting_as(
    merchant_id: int, *, hot: bool = False, snapshot: bool = False, in_order: bool = False
) -> Iterator[None]:
    """Open a transaction that sees the rows of one merchant, or join the one that is open.

    Joining makes no savepoint: an error that leaves the inner block ends the whole transaction.

    Args:
        merchant_id: Whose rows.
        hot: Whether the transaction runs the statements of the hot path.
        snapshot: Whether all its statements see the same moment: for pages that read several.
        in_order: Whether it reads a list that an index has in order: nothing is sorted that need
            not be.

    Raises:
        RuntimeError: A transaction of another merchant, or of none, is open here.
    """
    acting = _acting.get()
    if acting == merchant_id:
        with transaction.atomic(savepoint=False):
            yield
        return
    if acting is not None or connection.in_atomic_block:
        raise RuntimeError(f"cannot act as merchant {merchant_id} within merchant {acting}")
    with transaction.atomic(durable=True):
        begin = b"begin isolation level repeatable read" if snapshot else b"begin"
        modes = (HOT if hot else b"") + (IN_ORDER if in_order else b"")
        _begin(begin, int(merchant_id), _narrowed() + modes)
        token = _acting.set(merchant_id)
        try:
            yield
        finally:
            _acting.reset(token)


def _narrowed() -> bytes:
    words = _reach.get()
    if words is None:
        return b""
    return b"; set local kacang.reach = '%b'" % ",".join(sorted(words) or [NOBODY]).encode()


def _begin(begin: bytes, merchant_id: int, more: bytes) -> None:
    """Begin and name the merchant in one message: a statement of its own costs 100 µs more."""
    connection.ensure_connection()
    raw = connection.connection.pgconn
    result = raw.exec_(b"%b; set local kacang.merchant = %d%b" % (begin, merchant_id, more))
    if result.status != ExecStatus.COMMAND_OK:
        message = result.error_message()
        # Whatever is wrong with the connection, Django must see it as its own kind of error.
        with connection.wrap_database_errors:
            raise OperationalError(message)
