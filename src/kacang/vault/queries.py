"""What others may ask of the vault. Opening a secret is an operation: it leaves a trace."""

from kacang.vault.card_ids import UnknownCard
from kacang.vault.codes import CardFile
from kacang.vault.levels import StockLevel, availability, batch_levels, loop_filled, stock_levels
from kacang.vault.listing import (
    BatchView,
    CardPage,
    CardView,
    Choice,
    Page,
    UnknownBatch,
    batch,
    batches,
    cards_by_uid,
    cards_of_batch,
    choices,
    find_cards,
)
from kacang.vault.models import BatchState, CardState
from kacang.vault.preview import ImportPreview, PreviewColumn, PreviewLine, import_preview

__all__ = [
    "BatchState",
    "BatchView",
    "CardFile",
    "CardPage",
    "CardState",
    "CardView",
    "Choice",
    "ImportPreview",
    "Page",
    "PreviewColumn",
    "PreviewLine",
    "StockLevel",
    "UnknownBatch",
    "UnknownCard",
    "availability",
    "batch",
    "batch_levels",
    "batches",
    "cards_by_uid",
    "cards_of_batch",
    "choices",
    "find_cards",
    "import_preview",
    "loop_filled",
    "stock_levels",
]
