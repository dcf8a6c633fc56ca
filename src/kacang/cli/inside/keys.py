"""Keys: of machines that call the API, and of the installation."""

from kacang.cli.inside.actor import operator
from kacang.merchants import operations, queries
from kacang.merchants.keys import cipher_for, forget_keys, keys_under_previous, rewrap_keys
from kacang.merchants.master import MasterState, master_key, master_state, new_wrapped_key
from kacang.merchants.operations import KeyDraft, NewKey
from kacang.web.console.account.signing_in import reseal_second_factors


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


def master_key_state() -> MasterState:
    """Say where the master key comes from and how it stands."""
    return master_state()


def make_wrapped_key() -> str:
    """Have the key service make a master key; return it wrapped."""
    return new_wrapped_key()


def under_previous() -> int:
    """Return how many merchants' keys are not under the present master key."""
    return sum(keys_under_previous(merchant_id=one) for one in queries.all_merchant_ids())


def rewrap() -> tuple[int, int]:
    """Wrap everything under the present master key; return how many keys and people there were."""
    keys = sum(rewrap_keys(merchant_id=one) for one in queries.all_merchant_ids())
    return keys, reseal_second_factors()
