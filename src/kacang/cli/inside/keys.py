"""Keys: of machines that call the API, and of the installation."""

from kacang.cli.inside.actor import operator
from kacang.merchants import operations, queries
from kacang.merchants.keys import cipher_for, forget_keys, master_key
from kacang.merchants.operations import KeyDraft, NewKey


def create_key(*, merchant: str, name: str, scopes: tuple[str, ...]) -> NewKey:
    """Make an API key for a merchant, named by the slug."""
    return operations.create_key(
        merchant_id=queries.merchant_id_of_slug(merchant),
        draft=KeyDraft(name=name, scopes=scopes),
        actor=operator(),
    )


def check_master_key() -> int:
    """Open every merchant's keys and return of how many they were.

    Raises:
        NoMasterKey: There is no master key.
        CannotOpen: It is another one.
    """
    master_key()
    forget_keys()
    ids = queries.all_merchant_ids()
    for merchant_id in ids:
        cipher_for(merchant_id)
    return len(ids)
