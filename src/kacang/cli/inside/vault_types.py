"""What one says to the vault, for commands that must not import it before Django is set up."""

from kacang.vault.operations import GenerateRequest, ImportRequest, Purchase

__all__ = ["GenerateRequest", "ImportRequest", "Purchase"]
