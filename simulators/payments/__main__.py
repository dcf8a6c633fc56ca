"""Run every company at once, for a demo: `python -m simulators.payments --folder DIR`.

Each keeps its keys and its port in the folder, so that accounts made for them stay true from one
start to the next. When all listen, `DIR/accounts.json` says what is filled in for an account at
each: a list of `{"provider", "currency", "secrets", "options", "control"}`. A form with
`callback_url` sent to `control` says where the messages of a company go that is told it once.
"""

import argparse
import contextlib
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

from simulators.payments.alipay.__main__ import SCRIPT as ALIPAY
from simulators.payments.btcpay.__main__ import SCRIPT as BTCPAY
from simulators.payments.epay.__main__ import SCRIPT as EPAY
from simulators.payments.epusdt.__main__ import SCRIPT as EPUSDT
from simulators.payments.running import Place, Script, kept_keys, write_private
from simulators.payments.stripe.__main__ import SCRIPT as STRIPE
from simulators.payments.wechatpay.__main__ import SCRIPT as WECHATPAY

SCRIPTS = (WECHATPAY, ALIPAY, STRIPE, EPAY, EPUSDT, BTCPAY)
ACCOUNTS, PORTS = "accounts.json", "ports.json"
LOOK_SECONDS = 1.0


def main() -> None:
    """Serve until interrupted, or until whoever started it is gone."""
    parser = argparse.ArgumentParser(prog="simulators.payments")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    given.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    with contextlib.ExitStack() as stack:
        accounts = _start_all(stack, given.folder, given.host)
        # Under another name first: whoever waits for the file must never see a part of it.
        half = given.folder / f".{ACCOUNTS}"
        write_private(half, json.dumps(accounts, ensure_ascii=False, indent=1))
        half.replace(given.folder / ACCOUNTS)
        while not stop.wait(LOOK_SECONDS) and os.getppid() == parent:
            pass


def _start_all(stack: contextlib.ExitStack, folder: Path, host: str) -> list[dict[str, Any]]:
    kept = folder / PORTS
    ports: dict[str, int] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    accounts = []
    for script in SCRIPTS:
        keys = kept_keys(folder / f"{script.name}.json", script.new_keys)
        company = stack.enter_context(_company(script, keys, host, ports.get(script.name, 0)))
        ports[script.name] = int(company.url.rpartition(":")[2])
        control = {"control": f"{company.url}/_sim"}
        accounts.append(script.account(keys, company.url) | control)
    write_private(kept, json.dumps(ports))
    return accounts


def _company(script: Script, keys: dict[str, Any], host: str, port: int) -> Any:
    try:
        return script.company(keys, Place(host, port, ""))
    except OSError:
        # Somebody else has its port now.
        return script.company(keys, Place(host, 0, ""))


if __name__ == "__main__":
    main()
