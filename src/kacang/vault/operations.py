"""What others may do to the vault. Who may do it is judged by the faces."""

from kacang.vault.card_ids import UnknownCard
from kacang.vault.changing.bulk import run_change
from kacang.vault.changing.bulk_starts import (
    CannotUndo,
    Weight,
    begin_marking,
    change_cards,
    undo_change,
    weigh_change,
)
from kacang.vault.changing.choosing import (
    ChangeRequest,
    Chosen,
    NothingToChange,
    choose_cards,
    next_taken,
    stored_chosen,
    tally_chosen,
)
from kacang.vault.changing.ending import (
    CardResult,
    ReasonMissing,
    TooManyCards,
    check_reason,
    expire_cards,
    freeze_cards,
    mark_faulty,
    restore_cards,
    void_cards,
)
from kacang.vault.changing.planning import BadTerms, BatchesDiffer, Change, Terms
from kacang.vault.changing.results import store_outcomes, store_whole
from kacang.vault.checking import Finding, check_references
from kacang.vault.exports.exporting import (
    ExportRequest,
    NothingToExport,
    export_begun,
    export_cards,
    run_export,
)
from kacang.vault.exports.fetching import (
    UnknownExport,
    WeakPassphrase,
    check_passphrase,
    fetch_export,
    new_passphrase,
)
from kacang.vault.finding.listing import UnknownBatch
from kacang.vault.finding.searching import cards_ending, search_cards
from kacang.vault.finding.tail_filling import fill_tails, outlast_writing, run_fill_tails
from kacang.vault.imports.arriving import (
    Given,
    Incoming,
    bring_in,
    hand_over,
    in_vault,
    problem_of,
    sell_elsewhere,
)
from kacang.vault.imports.import_jobs import ImportRefused, run_check, run_import
from kacang.vault.imports.importing import (
    ImportRequest,
    NothingToImport,
    check_import,
    import_cards,
    seal_files,
    seal_lines,
)
from kacang.vault.imports.intake import Arrival, BadPurchase, NotCards, Purchase
from kacang.vault.imports.undoing import BatchTouched, TooLateToUndo, undo_batch
from kacang.vault.making.generating import BadCount, GenerateRequest, generate_cards, run_generate
from kacang.vault.making.patterns import BadPattern, WeakPattern, check_strength, read_pattern
from kacang.vault.making.serials import BadSerial, NumbersTaken, SecretNumbers, SerialRange
from kacang.vault.reading.layouts import Wishes
from kacang.vault.reading.lines import Entry
from kacang.vault.reading.rows import BadFile, Odd, text_of
from kacang.vault.reading.sheets import look_inside
from kacang.vault.reading.sources import open_source
from kacang.vault.revealing import Revealed, open_cards, reveal
from kacang.vault.selling.levels import compact_levels
from kacang.vault.selling.marks import move_marks
from kacang.vault.selling.picking import rekey
from kacang.vault.selling.pools import (
    BadPoolName,
    PoolNameTaken,
    PoolNotEmpty,
    UnknownPool,
    create_pool,
    delete_pool,
    rename_pool,
)
from kacang.vault.sold.correcting import (
    BadCode,
    CannotCorrect,
    CodeKnown,
    Correction,
    load_correction,
)
from kacang.vault.sold.giving_back import Fate, GivenBack, give_back, note_shown, shown_of_lines
from kacang.vault.sold.owing import hand_owed_on, lapse_expired, release_owed
from kacang.vault.sold.redeeming import CodeCard, lock_codes, look_up_code, redeem_card
from kacang.vault.sold.reminding import SoldCard, lines_to_remind, note_reminded

__all__ = [
    "Arrival",
    "BadCode",
    "BadCount",
    "BadFile",
    "BadPattern",
    "BadPoolName",
    "BadPurchase",
    "BadSerial",
    "BadTerms",
    "BatchTouched",
    "BatchesDiffer",
    "CannotCorrect",
    "CannotUndo",
    "CardResult",
    "Change",
    "ChangeRequest",
    "Chosen",
    "CodeCard",
    "CodeKnown",
    "Correction",
    "Entry",
    "ExportRequest",
    "Fate",
    "Finding",
    "GenerateRequest",
    "Given",
    "GivenBack",
    "ImportRefused",
    "ImportRequest",
    "Incoming",
    "NotCards",
    "NothingToChange",
    "NothingToExport",
    "NothingToImport",
    "NumbersTaken",
    "Odd",
    "PoolNameTaken",
    "PoolNotEmpty",
    "Purchase",
    "ReasonMissing",
    "Revealed",
    "SecretNumbers",
    "SerialRange",
    "SoldCard",
    "Terms",
    "TooLateToUndo",
    "TooManyCards",
    "UnknownBatch",
    "UnknownCard",
    "UnknownExport",
    "UnknownPool",
    "WeakPassphrase",
    "WeakPattern",
    "Weight",
    "Wishes",
    "begin_marking",
    "bring_in",
    "cards_ending",
    "change_cards",
    "check_import",
    "check_passphrase",
    "check_reason",
    "check_references",
    "check_strength",
    "choose_cards",
    "compact_levels",
    "create_pool",
    "delete_pool",
    "expire_cards",
    "export_begun",
    "export_cards",
    "fetch_export",
    "fill_tails",
    "freeze_cards",
    "generate_cards",
    "give_back",
    "hand_over",
    "hand_owed_on",
    "import_cards",
    "in_vault",
    "lapse_expired",
    "lines_to_remind",
    "load_correction",
    "lock_codes",
    "look_inside",
    "look_up_code",
    "mark_faulty",
    "move_marks",
    "new_passphrase",
    "next_taken",
    "note_reminded",
    "note_shown",
    "open_cards",
    "open_source",
    "outlast_writing",
    "problem_of",
    "read_pattern",
    "redeem_card",
    "rekey",
    "release_owed",
    "rename_pool",
    "restore_cards",
    "reveal",
    "run_change",
    "run_check",
    "run_export",
    "run_fill_tails",
    "run_generate",
    "run_import",
    "seal_files",
    "seal_lines",
    "search_cards",
    "sell_elsewhere",
    "shown_of_lines",
    "store_outcomes",
    "store_whole",
    "stored_chosen",
    "tally_chosen",
    "text_of",
    "undo_batch",
    "undo_change",
    "void_cards",
    "weigh_change",
]
