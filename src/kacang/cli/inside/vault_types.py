"""What one says to the vault, for commands that must not import it before Django is set up."""

from kacang.shared.money import Money
from kacang.vault.operations import GenerateRequest, ImportRequest, Purchase, SerialRange, Wishes
from kacang.vault.reading.names import FIELDS

__all__ = [
    "FIELDS",
    "GenerateRequest",
    "ImportRequest",
    "Money",
    "Purchase",
    "SerialRange",
    "Wishes",
]
