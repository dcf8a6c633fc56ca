"""What others may ask of the vault. Opening a secret is an operation: it leaves a trace."""

from kacang.vault.card_ids import UnknownCard
from kacang.vault.changing.bulk_starts import CHANGE, about_matching, can_undo, count_matching
from kacang.vault.codes import CardFile
from kacang.vault.exports.fetching import ExportView, export
from kacang.vault.finding.card_lists import cards_of_batch, list_cards
from kacang.vault.finding.listing import (
    BatchView,
    CardPage,
    CardView,
    Choice,
    Page,
    UnknownBatch,
    batch,
    batch_id,
    batch_names,
    batches,
    cards_by_uid,
    choices,
    find_cards,
)
from kacang.vault.finding.searching import cards_numbered
from kacang.vault.finding.selecting import BadFilter, CardFilter, Matching, Tallied
from kacang.vault.finding.tail_filling import is_filling
from kacang.vault.finding.tails import TAIL_LENGTH, is_tail
from kacang.vault.finding.tracing import (
    CardSource,
    Changed,
    Holding,
    card_source,
    changes_of,
    holdings,
    sharers,
)
from kacang.vault.imports.preview import ImportPreview, PreviewColumn, PreviewLine, import_preview
from kacang.vault.models import BatchState, CardState
from kacang.vault.selling.expiring import Expiring, expiring
from kacang.vault.selling.levels import (
    StockLevel,
    availability,
    batch_levels,
    levels_by_pool,
    loop_filled,
    stock_levels,
)
from kacang.vault.selling.origins import LastBatch, last_batches
from kacang.vault.selling.pools import (
    COMMON,
    PoolStock,
    PoolTotal,
    PoolView,
    UnknownPool,
    pool_stock,
    pool_totals,
    pools,
)
from kacang.vault.selling.rates import sold_in
from kacang.vault.sold.holding import UnitCard, cards_of_units, lines_of_cards, uid_of, unit_of_card

__all__ = [
    "CHANGE",
    "COMMON",
    "TAIL_LENGTH",
    "BadFilter",
    "BatchState",
    "BatchView",
    "CardFile",
    "CardFilter",
    "CardPage",
    "CardSource",
    "CardState",
    "CardView",
    "Changed",
    "Choice",
    "Expiring",
    "ExportView",
    "Holding",
    "ImportPreview",
    "LastBatch",
    "Matching",
    "Page",
    "PoolStock",
    "PoolTotal",
    "PoolView",
    "PreviewColumn",
    "PreviewLine",
    "StockLevel",
    "Tallied",
    "UnitCard",
    "UnknownBatch",
    "UnknownCard",
    "UnknownPool",
    "about_matching",
    "availability",
    "batch",
    "batch_id",
    "batch_levels",
    "batch_names",
    "batches",
    "can_undo",
    "card_source",
    "cards_by_uid",
    "cards_numbered",
    "cards_of_batch",
    "cards_of_units",
    "changes_of",
    "choices",
    "count_matching",
    "expiring",
    "export",
    "find_cards",
    "holdings",
    "import_preview",
    "is_filling",
    "is_tail",
    "last_batches",
    "levels_by_pool",
    "lines_of_cards",
    "list_cards",
    "loop_filled",
    "pool_stock",
    "pool_totals",
    "pools",
    "sharers",
    "sold_in",
    "stock_levels",
    "uid_of",
    "unit_of_card",
]
