"""Puts the package where pip would, with the metadata that pip would leave."""

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROVIDERS = """\
[kacang.payment_providers]
mypay = kacang_mypay:MyPay
outdated = kacang_mypay:Outdated
broken = kacang_mypay:Broken
missing = kacang_mypay_gone:Nothing

[kacang.sms_senders]
mysms = kacang_mysms:MySms
outdated = kacang_mysms:Outdated
broken = kacang_mysms:Broken

[kacang.risk_checks]
nightwatch = kacang_mypay:NightWatch
broken = kacang_mypay:Broken
"""


def install(folder: Path) -> None:
    """Install `kacang-mypay` 1.0 in a folder of modules."""
    for name in ("kacang_mypay.py", "kacang_mysms.py"):
        shutil.copy(HERE / name, folder / name)
    facts = folder / "kacang_mypay-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: kacang-mypay\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(PROVIDERS)
