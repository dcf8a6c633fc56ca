"""What others may ask about supply."""

from kacang.supply.levels import available_of, levels_of
from kacang.supply.terms import Terms, default_terms

__all__ = ["Terms", "available_of", "default_terms", "levels_of"]
