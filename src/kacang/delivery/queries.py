"""What a fulfilled line brings its buyer, whoever fulfilled it.

So far everything sold is a code from the vault (D1). Top-ups and goods join here with their own
source; orders ask in the same words.
"""

from collections.abc import Mapping, Sequence

from kacang.catalog.queries import ProductKind
from kacang.vault.codes import Code, codes_of_lines

# Which kinds are delivered from the vault, in the transaction that pays for them.
FROM_VAULT = frozenset({ProductKind.CODE, ProductKind.PICKUP_CARD})


def brought(
    *, merchant_id: int, kinds: Mapping[int, str], offset: int, limit: int
) -> Sequence[Code]:
    """Return the units that were delivered, opened. The caller has written the audit row.

    Args:
        merchant_id: Whose order.
        kinds: The product kind of each line, by the line's id.
        offset: How many units to leave out, in order of line and unit.
        limit: How many units at the most.
    """
    lines = [line_id for line_id, kind in kinds.items() if kind in FROM_VAULT]
    return codes_of_lines(merchant_id=merchant_id, line_ids=lines, offset=offset, limit=limit)
