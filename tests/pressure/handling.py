"""What staff do with cards, all of it once, in a running installation whose workers do the jobs.

Run by `in_installation`, as a program of its own.
"""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import connection

from kacang.catalog import operations as catalog
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.outbox import files, rotating, work
from kacang.outbox.queries import WorkState
from kacang.shared.texts import both
from kacang.shared.zips import packed
from kacang.vault import operations as vault
from kacang.vault import queries
from kacang.vault.operations import Change, ChangeRequest, Terms

ACTOR = Actor("user", 1, "owner@example.com", "203.0.113.9")
SECONDS = 90
PNG = bytes.fromhex("89504e470d0a1a0a")
_PROGRAM = (
    "import sys, django; django.setup(); from tests.pressure.handling import main;"
    " main(*sys.argv[1:])"
)
_GIVEN = """
select card_id from allocation
where merchant_id = %s::bigint and delivered_at is not null and released_at is null
order by id desc limit 1
"""


def in_installation(environment: Mapping[str, str], mark: str, out: Path) -> dict[str, Any]:
    """Do it all for codes that begin with a mark; return what the jobs said at their end."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, mark, out],
        env={**environment, "DJANGO_SETTINGS_MODULE": "kacang.settings", "PYTHONPATH": "src:."},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout)
    # What it was told is not in what it told: logs would have it too.
    assert mark not in done.stdout + done.stderr
    return said


class Staff:
    """Somebody who works in the shop, and waits for each job."""

    def __init__(self, mark: str) -> None:
        self.id = merchants.merchant_id_of_slug("demo")
        self.mark = mark

    def ended(self, uid: str) -> dict[str, Any]:
        """Wait for a job's end and return its result."""
        deadline = time.monotonic() + SECONDS
        while not (item := work.work(merchant_id=self.id, uid=uid)).has_ended:
            assert time.monotonic() < deadline, item
            time.sleep(0.1)
        assert item.state is WorkState.DONE, item
        return dict(item.result)

    def sku(self) -> str:
        """Open a SKU whose numbers are secret too."""
        product = catalog.create_product(
            merchant_id=self.id, actor=ACTOR, draft=catalog.ProductDraft(title=both("卡"))
        )
        draft = catalog.SkuDraft(title=both("年卡"), price_minor=100, number_is_secret=True)
        return catalog.create_sku(
            merchant_id=self.id, actor=ACTOR, product_uid=product, draft=draft
        )

    def lines(self, count: int) -> bytes:
        """Return a csv of so many pairs that nobody has seen before; the last one stands twice."""
        rows = [
            f"{self.mark}N{secrets.token_hex(6)},{self.mark}P{secrets.token_hex(6)}"
            for _ in range(count)
        ]
        return "\n".join(["卡号,卡密", *rows, rows[-1]]).encode("utf-16")

    def brought(self, sku: str, name: str, content: bytes, unit: str = "") -> dict[str, Any]:
        """Look at a file, then import it; one line of it is refused and told of."""
        request = vault.ImportRequest(sku_uid=sku, wishes=vault.Wishes(unit=unit))
        kept = files.store(merchant_id=self.id, purpose="import", name=name, content=content)
        told: dict[str, Any] = {}
        for step in (vault.check_import, vault.import_cards):
            uid = step(merchant_id=self.id, actor=ACTOR, file_uid=kept, request=request)
            told = self.ended(uid)
        return told

    def changed(self, change: Change, batch: str, terms: Terms | None = None) -> str:
        """Change a batch and return the job."""
        request = ChangeRequest(change, "try", batch, terms=terms or Terms())
        uid = vault.change_cards(merchant_id=self.id, actor=ACTOR, request=request)
        self.ended(uid)
        return uid

    def given_card(self) -> str:
        """Return the last card that a buyer got."""
        with acting_as(self.id), connection.cursor() as cursor:
            cursor.execute(_GIVEN, [self.id])
            (card_id,) = cursor.fetchone()
            return queries.uid_of(merchant_id=self.id, card_id=card_id)

    def exported(self, batch: str, out: Path) -> dict[str, Any]:
        """Export a batch and keep the zip."""
        request = vault.ExportRequest(reason="try", batch_uid=batch)
        uid = vault.export_cards(merchant_id=self.id, actor=ACTOR, request=request)
        told = self.ended(uid)
        pieces = vault.fetch_export(
            merchant_id=self.id, actor=ACTOR, uid=uid, passphrase=vault.new_passphrase()
        )
        out.write_bytes(b"".join(pieces))
        return told


def main(mark: str, out: str) -> None:
    """Do it all, and print what became of it."""
    staff = Staff(mark)
    sku = staff.sku()
    content = staff.lines(300)
    told = staff.brought(sku, "cards.csv", content)
    pictures = packed([(f"{mark}{n}.png", PNG + f"{mark}{n}".encode()) for n in range(5)])
    files_told = staff.brought(sku, "files.zip", b"".join(pictures), unit="file")
    again = staff.brought(sku, "again.csv", content)
    pattern = "".join(f"\\{letter}" for letter in mark)
    request = vault.GenerateRequest(
        sku_uid=sku, count=200, pattern=pattern + "#{20}", number_pattern=pattern + "X{9}"
    )
    made = staff.ended(vault.generate_cards(merchant_id=staff.id, actor=ACTOR, request=request))
    batch = str(told["batch"])
    vault.reveal(
        merchant_id=staff.id,
        card_uids=[
            card.uid
            for card in queries.cards_of_batch(
                merchant_id=staff.id, batch_uid=batch, cursor="", limit=20
            ).items
        ],
        actor=ACTOR,
        reason="try",
    )
    frozen = staff.changed(Change.FREEZE, batch)
    staff.ended(vault.undo_change(merchant_id=staff.id, actor=ACTOR, work_uid=frozen, reason="try"))
    staff.changed(Change.OTHER_SKU, str(made["batch"]), Terms(sku_uid=staff.sku()))
    exported = staff.exported(batch, Path(out))
    orders.replace_card(
        merchant_id=staff.id, card_uid=staff.given_card(), actor=ACTOR, reason="try"
    )
    sealed = staff.ended(rotating.start_rotation(merchant_id=staff.id, actor=ACTOR, reason="try"))
    undone = vault.undo_batch(merchant_id=staff.id, batch_uid=str(files_told["batch"]), actor=ACTOR)
    said = {
        "stocked": [told["stocked"], files_told["stocked"], made["stocked"]],
        "again": again["reasons"],
        "exported": exported["exported"],
        "sealed": sealed["sealed"],
        "undone": undone,
    }
    sys.stdout.write(json.dumps(said))
