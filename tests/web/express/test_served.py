"""The lane on the server that merchants run."""

import signal
import threading

import httpx
import psycopg

from kacang.vault.queries import CardState
from tests import make
from tests.orders.looking import holding_back, wait_for_a_waiter
from tests.web.api.conftest import open_shop
from tests.web.api.serving import running
from tests.web.express.test_lane import notice_of

SECONDS = 20


def test_a_notice_in_flight_is_answered_when_the_server_is_told_to_end(
    database, merchant, tmp_path
):
    shop = open_shop(merchant)
    placed = make.order(shop.made)
    body, signed = notice_of(shop, placed)
    headers = {name.replace("_", "-"): value for name, value in signed.items()}
    answers: list[httpx.Response] = []
    with running(database, tmp_path) as (address, process):
        url = f"{address}/callbacks/payments/sandbox/{shop.account.uid}"
        # The account is remembered from here on: the next one goes on the lane.
        httpx.post(url, content=b"{}", headers=headers, timeout=SECONDS)
        hold = f"select 1 from sale_order where number = '{placed.number}' for update"
        with (
            holding_back(database, merchant, hold) as held,
            psycopg.connect(database.dsn("superuser"), autocommit=True) as watcher,
        ):
            sender = threading.Thread(
                target=lambda: answers.append(
                    httpx.post(url, content=body, headers=headers, timeout=SECONDS)
                )
            )
            sender.start()
            wait_for_a_waiter(watcher, held.info.backend_pid)
            process.send_signal(signal.SIGTERM)
            sender.join(0.5)
            assert sender.is_alive()
            held.commit()
        sender.join(SECONDS)
        code = process.wait(SECONDS)

    assert [answer.json() for answer in answers] == [{"ok": True}]
    assert code == 0
    assert make.card_states(shop.made)[CardState.SOLD] == 1
