"""Moving another system's shop here, from the command line."""

from pathlib import Path

from kacang.cli.inside.actor import operator
from kacang.cli.inside.cards import Started
from kacang.merchants import queries as merchants
from kacang.orders import operations as orders
from kacang.outbox import files

_PIECE = 1024 * 1024


def start(path: Path, *, system: str, merchant: str, language: str) -> Started:
    """Seal a file and start taking over what it holds."""
    merchant_id = merchants.merchant_id_of_slug(merchant)
    with path.open("rb") as file:
        file_uid = files.store(
            merchant_id=merchant_id,
            purpose="move",
            name=path.name,
            content=iter(lambda: file.read(_PIECE), b""),
        )
    uid = orders.start_move(
        merchant_id=merchant_id,
        actor=operator(),
        system=system,
        file_uid=file_uid,
        language=language,
    )
    return Started(merchant_id, uid, run)


def run(merchant_id: int, uid: str) -> None:
    """Do the job here and now."""
    orders.run_move(merchant_id=merchant_id, work_uid=uid)
