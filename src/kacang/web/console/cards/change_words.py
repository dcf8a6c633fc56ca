"""What people read of each bulk change, before and after it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.vault.operations import Change


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """An icon, the verb of the button, the question above it, and what it means."""

    icon: str
    label: Promise
    title: Promise
    line: Promise


# It is no change of the vault: buyers get other cards.
REPLACE = "replace"
REPLACE_WORDS = ChangeWords(
    "arrows-exchange",
    _("Replace for the buyers"),
    _("Replace these cards for their buyers?"),
    _(
        "The cards that buyers have are marked as faulty. Each buyer gets another one from the "
        "stock for the same unit, sees its code on the order's page and is told by mail. This "
        "cannot be undone: the buyers see the new codes at once."
    ),
)
WORDS: dict[Change, ChangeWords] = {
    Change.FREEZE: ChangeWords(
        "snowflake",
        _("Freeze"),
        _("Freeze these cards?"),
        _("Nobody can buy them until you put them back on sale. Reserved cards stay as they are."),
    ),
    Change.UNFREEZE: ChangeWords(
        "arrow-back-up",
        _("Put frozen cards back"),
        _("Put frozen cards back on sale?"),
        _("They can be bought again at once."),
    ),
    Change.FAULTY: ChangeWords(
        "alert-triangle",
        _("Mark as faulty"),
        _("Mark these cards as faulty?"),
        _("They are kept apart until you put them back or make them void."),
    ),
    Change.RESTORE: ChangeWords(
        "arrow-back-up",
        _("Put faulty cards back"),
        _("Put faulty cards back on sale?"),
        _("They can be bought again at once. Cards that were ever sold stay as they are."),
    ),
    Change.EXTEND: ChangeWords(
        "calendar",
        _("Extend validity"),
        _("Give these cards more time?"),
        _(
            "No card gets less time than it has. Unsold cards that have expired are on sale again "
            "when their new time is still to come."
        ),
    ),
    Change.POOL: ChangeWords(
        "stack-2",
        _("Move to a pool"),
        _("Move these cards to another pool?"),
        _("The shop sells from the common pool only. Reserved and sold cards stay where they are."),
    ),
    Change.OTHER_SKU: ChangeWords(
        "box",
        _("Move to another product"),
        _("Move these cards to another product?"),
        _(
            "They go to a new batch there, with the same supplier and purchase price. Reserved and "
            "sold cards stay where they are."
        ),
    ),
    Change.SPLIT: ChangeWords(
        "copy",
        _("Split off"),
        _("Split these cards off as a batch?"),
        _("They become a batch of their own, at the same purchase price. Sold cards stay."),
    ),
    Change.MERGE: ChangeWords(
        "checklist",
        _("Merge into another batch"),
        _("Merge this batch into another one?"),
        _(
            "All its cards go there, sold ones too; each keeps its own purchase price. Reserved "
            "cards stay until they are paid or given back."
        ),
    ),
    Change.VOID: ChangeWords(
        "ban",
        _("Void"),
        _("Void these cards?"),
        _(
            "They are never sold again, and what they cost is written off. This can be taken back "
            "on the job's page for seven days."
        ),
    ),
}
